/**
 * DOM helpers. Text is only ever set as text, never as HTML.
 */

const SVG = "http://www.w3.org/2000/svg";

/** The element with an id. @param {string} id */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * A new element.
 *
 * @param {string} name
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** A new element of a drawing. */
export function svgElement(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

/** An icon of `icons.svg`. @param {string} name */
export function icon(name) {
  const href = `phone/icons.svg#${name}`;
  return svgElement("svg", { class: "icon", "aria-hidden": "true" }, svgElement("use", { href }));
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Set text if it differs. @param {Node} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Set attributes that differ; null or undefined removes one. */
export function setAttributes(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) node.removeAttribute(name);
    else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
  }
}

/**
 * Make the children of a node show these items, one child per item, in order.
 *
 * @template Item
 * @param {Element} parent
 * @param {Item[]} items
 * @param {(item: Item) => Element} make
 * @param {(node: Element, item: Item) => void} [update]
 */
export function showItems(parent, items, make, update = () => {}) {
  while (parent.children.length > items.length) parent.lastElementChild.remove();
  for (const [position, item] of items.entries()) {
    const node = parent.children[position] ?? parent.appendChild(make(item));
    update(node, item);
  }
}

/**
 * Run `update`, keeping the scroller at its end if it was there.
 *
 * @param {Element} scroller
 * @param {() => void} update
 * @returns {boolean} whether it was at its end
 */
export function keepingEnd(scroller, update) {
  const left = (node) => [
    node.scrollHeight - node.clientHeight - node.scrollTop,
    node.scrollWidth - node.clientWidth - node.scrollLeft,
  ];
  const wasAtEnd = Math.max(...left(scroller)) < 48;
  update();
  if (wasAtEnd) scroller.scrollTo(scroller.scrollWidth, scroller.scrollHeight);
  return wasAtEnd;
}

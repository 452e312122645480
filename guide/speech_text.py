"""A model's reply, cleaned for the ear, as a stream.

A guide writes for the eye: markdown, tags, emoji, its own thoughts. Text-to-speech would read them
aloud. `SpeechText` takes the reply in pieces and returns what a person would say:

    removed    markdown marks, code fences with their language word, table pipes, horizontal rules,
               the address of a link or an image (its text stays), square brackets, HTML, XML and
               SSML tags, comments, thinking sections, pictographs, control characters
    changed    runs of whitespace become one space; a heading, a list item or a table row without
               end punctuation gets a full stop, so that the voice pauses
    kept       everything else: "5 < 6", "a_b", "#1", "3 - 2", "C#", "2 * 3", "(see below)"

A generator reads the reply one character at a time, so it cannot matter how the reply was split.
Only text that means itself anywhere in a line bypasses the generator: words, and most of their
punctuation. A character whose meaning depends on what follows waits for it, and nothing else does:

    whitespace                      until the next character that is spoken
    marks at the start of a line    until the line's first other character
    * _ ~ < \\ and a ! after a space until the next character
    a tag                           until its `>`, at most `HOLD_LIMIT` characters
    a link's address                until its `)`, at most one word and its title

At most `HOLD_LIMIT` characters wait. What has not closed by then is not a tag and is spoken as
written; a link's address is dropped however long it is. A thinking section or a comment that is
never closed swallows the rest of the reply.
"""

from __future__ import annotations

import contextlib
import re
import string
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

HOLD_LIMIT: Final = 300
"""The most characters that wait for what follows. Real tags and marks are shorter."""

THINKING_TAGS: Final = frozenset({"think", "thinking", "reasoning", "thought"})
"""The tags in which reasoning models wrap their thoughts."""

_END: Final = ""  # sent to the scanner at the end of the reply
_PICTOGRAPH: Final = "\N{OBJECT REPLACEMENT CHARACTER}"  # stands for any pictograph

_MARKS: Final = frozenset(" \n`[]|*_~!<\\" + _PICTOGRAPH)  # may be markup
_RUN: Final = re.compile(rf"(?: ?[^{re.escape(''.join(sorted(_MARKS)))}]+)+|.", re.DOTALL)

_LINE_MARKS: Final = frozenset("-*_=|:+#>•‣~` " + _PICTOGRAPH)
_RULE_MARKS: Final = "-*_=|:+> "
_BLOCK_MARKS: Final = re.compile(
    rf"(?: |[|•‣{_PICTOGRAPH}]|>(?=[ >\n]|$)|[-*+](?=[ \n]|$)|\#{{1,6}}(?=[ \n]|$))*"
)
_FENCE: Final = re.compile(r"(?:`{3,}|~{3,}) *")
_NUMBERED: Final = re.compile(r"\d{1,3}[.)] ")
_TAG: Final = re.compile(r"/?([A-Za-z][\w:.-]*)/?|[!?][\w-]+|https?://\S+|mailto:\S+")
# Tags that separate words. Others, such as `<b>`, may stand inside one.
_BREAKING_TAG: Final = re.compile(r"br|break|div|h[1-6]|hr|li|ol|p|table|t[dhr]|ul", re.IGNORECASE)
_PUNCTUATION: Final = frozenset(string.punctuation)
_ADDRESS_ENDS: Final = frozenset({" ", "\n", "[", "]", _END})

_PAUSING: Final = frozenset(".!?…:;,。！？：；，、")
_CLOSING: Final = "\"')]}”’» "  # a full stop before these still makes a pause
_CLINGING: Final = _PAUSING | {")"}  # no space before these where a pictograph was removed

_PICTOGRAPHS: Final = (
    (0x2190, 0x21FF),  # arrows
    (0x2300, 0x23FF),  # technical: watches, keys
    (0x2500, 0x27BF),  # boxes, shapes, symbols, dingbats
    (0x27F0, 0x27FF),  # long arrows
    (0x2900, 0x297F),  # more arrows
    (0x2B00, 0x2BFF),  # stars and still more arrows
    (0xFFFC, 0xFFFD),  # replacement characters
    (0x1F000, 0x1FBFF),  # emoji
)
_UNSPOKEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})  # controls, formats, surrogates


class _Alphabet(dict[int, str | None]):
    """A table for `str.translate`, filled on demand: each character as the scanner sees it."""

    def __missing__(self, code: int) -> str | None:
        self[code] = seen = _seen(chr(code))
        return seen


def _seen(char: str) -> str | None:
    """A character reduced to what matters for speech; None if it is never spoken."""
    code = ord(char)
    if char in "\n\r\v\f\x85\u2028\u2029":
        return "\n"
    if char.isspace():
        return " "
    if any(first <= code <= last for first, last in _PICTOGRAPHS):
        return _PICTOGRAPH
    # U+20E3 turns a digit into a keycap; the others are variation selectors.
    if code == 0x20E3 or 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF:
        return None
    return None if unicodedata.category(char) in _UNSPOKEN else char


_ALPHABET: Final = _Alphabet()


class SpeechText:
    """Cleans one reply: `feed` it the pieces, then call `finish` once.

    What they return, concatenated, is the cleaned reply. Any piece may be empty.
    """

    def __init__(self) -> None:
        self._scanner = self._scan()
        self._ahead: list[str] = []  # characters to read again, the next one last
        self._spoken: list[str] = []  # the output of this feed so far
        self._last = ""  # the last character spoken
        self._gap = ""  # what separates it from the next: "", " " or _PICTOGRAPH
        self._paused = True  # whether what was spoken ends in punctuation
        self._line = ""  # the first characters spoken of this line
        self._is_item = False  # whether this line is a heading, a list item or a table row
        self._in_line = False  # whether the scanner is within a line and holds nothing back
        next(self._scanner)

    def feed(self, chunk: str) -> str:
        """Read the next piece of the reply; returns what can be said now."""
        # Nearly every token is a plain word, which need not go through the scanner.
        word = chunk.removeprefix(" ")
        if self._in_line and word.isascii() and (word.isalnum() or _is_plain(word)):
            if word is not chunk:
                self._gap = self._gap or " "
            return self._utter(word)
        for run in _RUN.findall(chunk.translate(_ALPHABET)):
            if self._in_line and run[-1] not in _MARKS:
                if run[0] == " ":
                    self._part(" ")
                self._speak(run.lstrip())
            else:
                for char in run:
                    self._scanner.send(char)
        return self._drain()

    def finish(self) -> str:
        """End the reply; returns what was still held back."""
        with contextlib.suppress(StopIteration):
            self._scanner.send(_END)
        return self._drain()

    def _drain(self) -> str:
        spoken = "".join(self._spoken)
        self._spoken.clear()
        return spoken

    # ---------------------------------------------------------------- reading

    def _next(self) -> Generator[None, str, str]:
        return self._ahead.pop() if self._ahead else (yield)

    def _next_in_line(self) -> Generator[None, str, str]:
        if self._ahead:
            return self._ahead.pop()
        self._in_line = True
        char = yield
        self._in_line = False
        return char

    def _read_again(self, text: str) -> None:
        self._ahead.extend(reversed(text))

    def _peek(self) -> Generator[None, str, str]:
        char = yield from self._next()
        self._ahead.append(char)
        return char

    def _collect(
        self, wanted: Callable[[str], bool], limit: int = HOLD_LIMIT
    ) -> Generator[None, str, str]:
        """Read while characters are wanted, at most `limit`."""
        held: list[str] = []
        while len(held) < limit:
            char = yield from self._peek()
            if char == _END or not wanted(char):
                break
            held.append(self._ahead.pop())
        return "".join(held)

    # ---------------------------------------------------------------- lines

    def _scan(self) -> Generator[None, str, None]:
        ended_by = "\n"
        while ended_by != _END:
            yield from self._line_start()
            ended_by = yield from self._line_rest()
            self._end_line()

    def _line_start(self) -> Generator[None, str, None]:
        """Drop the marks of a heading, list item, quotation, table row or rule."""
        marks = yield from self._collect(_LINE_MARKS.__contains__)
        after = yield from self._peek()
        if after in ("\n", _END) and _is_rule(marks):
            return
        # With `after`, "-5" and "#1" are seen not to begin with a mark.
        block = next(_BLOCK_MARKS.finditer(marks + after)).group()
        self._is_item = bool(block.strip(" >"))
        rest = marks[len(block) :]
        if _FENCE.fullmatch(rest):
            yield from self._fence()
        else:
            self._read_again(rest)

    def _fence(self) -> Generator[None, str, None]:
        """After a fence: drop its language word. More than one word means it is not a fence."""
        info = yield from self._collect(lambda char: char not in "`\n")
        after = yield from self._peek()
        if after not in ("\n", _END) or " " in info.strip():
            self._read_again(info)

    def _line_rest(self) -> Generator[None, str, str]:
        """Speak the rest of the line; returns what ended it."""
        while (char := (yield from self._next_in_line())) not in ("\n", _END):
            match char:
                case "`" | "[":
                    pass
                case " " | "|":
                    self._part(" ")
                case "\N{OBJECT REPLACEMENT CHARACTER}":
                    self._part(_PICTOGRAPH)
                case "*" | "_" | "~":
                    yield from self._emphasis(char)
                case "!":
                    yield from self._exclamation()
                case "]":
                    yield from self._link_rest()
                case "<":
                    yield from self._tag()
                case "\\":
                    yield from self._escape()
                case _:
                    self._speak(char)
        return char

    def _end_line(self) -> None:
        # Text-to-speech hears no line breaks: without a full stop a list becomes one sentence.
        if (self._is_item or _NUMBERED.match(self._line)) and not self._paused:
            self._gap = ""
            self._speak(".")
        self._part(" ")
        self._paused, self._line = True, ""

    # ---------------------------------------------------------------- marks within a line

    def _emphasis(self, mark: str) -> Generator[None, str, None]:
        """After a `*`, `_` or `~`: drop the run of them, unless it is to be spoken."""
        before = " " if self._gap else self._last
        run = mark + (yield from self._collect(mark.__eq__))
        after = yield from self._peek()
        if _is_meant(run, before, after):
            self._speak(run)

    def _exclamation(self) -> Generator[None, str, None]:
        """Drop the `!` of an image. One that ends a word is spoken without waiting for more."""
        ends_word = not self._gap and self._last.isalnum()
        if ends_word or (yield from self._peek()) != "[":
            self._speak("!")

    def _escape(self) -> Generator[None, str, None]:
        """After a backslash: before punctuation it is markdown's escape, and is dropped."""
        escaped = yield from self._peek()
        self._speak(self._ahead.pop() if escaped in _PUNCTUATION else "\\")

    def _link_rest(self) -> Generator[None, str, None]:
        """After a `]`: drop the link's address, or the reference name."""
        after = yield from self._peek()
        if after == "(":
            yield from self._address()
        elif after == "[":
            name = yield from self._collect(lambda char: char not in "]\n")
            if (yield from self._peek()) != "]":
                self._read_again(name)

    def _address(self) -> Generator[None, str, None]:
        """Drop an address in parentheses; speak it if it turns out to be prose."""
        held: list[str] = []
        depth = 0
        while (char := (yield from self._peek())) not in _ADDRESS_ENDS:
            self._ahead.pop()
            if len(held) < HOLD_LIMIT:
                held.append(char)
            depth += (char == "(") - (char == ")")
            if depth == 0:
                return
        has_title = yield from self._title()
        if not (has_title or char == _END or len(held) == HOLD_LIMIT):
            self._read_again("".join(held))

    def _title(self) -> Generator[None, str, bool]:
        """Drop a link's quoted title and the `)` after it, if they come next."""
        title = yield from self._collect(" ".__eq__)
        quote = yield from self._peek()
        if title and quote in ('"', "'", ")"):
            title += yield from self._collect(lambda char: char not in ")[]\n")
            is_whole = quote == ")" or title.endswith(quote)
            if is_whole and (yield from self._peek()) == ")":
                self._ahead.pop()
                return True
        self._read_again(title)
        return False

    # ---------------------------------------------------------------- tags

    def _tag(self) -> Generator[None, str, None]:
        """After a `<`: drop a tag, and the content of a thinking tag or a comment."""
        name = yield from self._collect(lambda char: char not in " \n<>")
        if name.startswith("!--"):
            self._read_again(name.removeprefix("!--"))
            yield from self._skip_past("-->")
            return
        tag = _TAG.fullmatch(name)
        room = HOLD_LIMIT - len(name) if tag else 0
        attributes = yield from self._collect(lambda char: char not in "<>", room)
        if not tag or (yield from self._peek()) != ">":
            self._speak("<")
            self._read_again(name + attributes)
            return
        self._ahead.pop()
        if name.lower() in THINKING_TAGS and not attributes.endswith("/"):
            yield from self._skip_past(f"</{name.lower()}>")
        elif _BREAKING_TAG.fullmatch(tag[1] or ""):
            self._part(" ")

    def _skip_past(self, closing: str) -> Generator[None, str, None]:
        """Drop everything up to a closing mark, ignoring spaces and case."""
        tail = ""
        while not tail.endswith(closing) and (yield from self._peek()) != _END:
            char = self._ahead.pop()
            if char not in " \n":
                tail = (tail + char.lower())[-len(closing) :]

    # ---------------------------------------------------------------- speaking

    def _part(self, gap: str) -> None:
        """Separate what follows from what was spoken. A pictograph outranks a space."""
        if self._gap != _PICTOGRAPH:
            self._gap = gap

    def _speak(self, text: str) -> None:
        self._spoken.append(self._utter(text))

    def _utter(self, text: str) -> str:
        """The text, preceded by what separates it from what was spoken before."""
        clings = self._gap == _PICTOGRAPH and text[0] in _CLINGING
        lead = " " if self._last and self._gap and not clings else ""
        self._last, self._gap = text[-1], ""
        core = text if self._last.isalnum() else text.rstrip(_CLOSING)
        self._paused = core[-1] in _PAUSING if core else self._paused
        if len(self._line) < 6:  # enough to see "100. "
            self._line = (self._line + lead + text).lstrip()
        return lead + text


def _is_plain(word: str) -> bool:
    """Whether ASCII text cannot be markup, wherever it stands in a line."""
    return bool(word) and word.isprintable() and _MARKS.isdisjoint(word)


def _is_rule(marks: str) -> bool:
    """Whether a line of nothing but marks is a horizontal rule or part of a table's frame."""
    return not marks.strip(_RULE_MARKS) and len(marks.replace(" ", "")) >= 3


def _is_meant(run: str, before: str, after: str) -> bool:
    """Whether a run of `*`, `_` or `~` is to be spoken, and not emphasis."""
    match run[0]:
        case "~":  # "~5 minutes", but not "~~6~~"
            return run == "~"
        case "_":  # "a_b", but not "_b_"
            return before.isalnum() and after.isalnum()
        case _:  # "2 * 3" and "2*3", but not "*2*"
            return before == after == " " or (before.isdigit() and after.isdigit())

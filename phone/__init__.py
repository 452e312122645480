"""The browser phone: a page that speaks ConversationRelay to this app, and who may use it.

The page, in `page/`, is static and loads nothing from other hosts. `pages` serves it, and `facts`
is what it needs to know about the app. `trust.visitors` decides who may open it and place calls.
"""

from phone.facts import facts_of
from phone.pages import BrowserHeaders, add_pages

__all__ = ["BrowserHeaders", "add_pages", "facts_of"]

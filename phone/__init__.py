"""The browser phone: a page that speaks ConversationRelay to this app, and who may use it.

The page, in `page/`, is static and loads nothing from other hosts. `pages` serves it, and `facts`
is what it needs to know about the app. `trust.visitors` decides who may open it and place calls.
"""

from phone.facts import facts_of
from phone.pages import BrowserHeaders, add_pages
from trust.visitors import Visitors

__all__ = ["BrowserHeaders", "Visitors", "add_pages", "facts_of"]

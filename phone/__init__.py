"""The browser phone: a page that speaks ConversationRelay to this app, and who may use it.

The page, in `page/`, is static and asks nothing of any other host. `visitors` knows who may see it
and place its calls, `pages` serves it, `facts` is what it is told of the app.
"""

from phone.facts import facts_of
from phone.pages import BrowserHeaders, add_pages
from trust.visitors import Visitors

__all__ = ["BrowserHeaders", "Visitors", "add_pages", "facts_of"]

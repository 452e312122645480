"""How a guide is asked: one HTTP request, and the bytes of its answer as they come.

transport.py     what carries a request, seen from `guide_client`
libcurl.py       the fast one: libcurl, driven by the event loop
sdk.py           the one that runs everywhere: the `openai` SDK
choice.py        which of the two this process uses
network.py       what both have in common: limits, proxies, certificates
errors.py        what can go wrong, in words for the owner
sdk_errors.py    which of that an exception of the SDK means
"""

"""How a guide is asked: one HTTP request, and the bytes of its answer as they come.

    transport     what carries a request, as `guide_client` knows it, and which of the two it is
    libcurl       the fast one: libcurl, driven by the event loop
    sdk           the one that runs everywhere: the `openai` SDK
    network       what both have in common: limits, proxies, certificates
    errors        what can go wrong, in words for the owner
    options       where the guide is, and how it is asked (PURE)
    sdk_errors    which of that an exception of the SDK means

Only `libcurl` imports pycurl, and only `sdk` and `sdk_errors` import the SDK and its HTTP client.
"""

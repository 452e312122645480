"""How a guide is asked, and how its answer becomes words to say.

    transport        what carries a request, as `guide_client` knows it, and which of the two
    libcurl          the fast one: libcurl, driven by the event loop
    gathering        reads busy streams together, which saves CPU
    sdk              the one that runs everywhere: the `openai` SDK
    network          what both share: limits, headers, proxies, certificates
    errors           what can go wrong, in words for the owner
    libcurl_errors, sdk_errors
                     which of that an error of theirs means
    options          where the guide is, and how to ask it
    answer           from the body of an answer to words
    event_stream     server-sent events
    speech_text      a model's text, cleaned for the ear

Only `libcurl` and `libcurl_errors` import pycurl, and only `sdk` and `sdk_errors` import the SDK
and its HTTP client.
"""

"""What `config.Settings` is made of. PURE.

    types     the types of settings, with their bounds
    relay     ConversationRelay's settings, their conflicts and attributes
    values    what a setting accepts, in plain words
    names     names that are not settings

None of these imports `config`.
"""

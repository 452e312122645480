"""What a caller's words are: an act of a closed set, and whether it takes the floor. PURE.

    classify(said, heard)    the verdict on a caller's words; its rule says why
    is_clear_stop(said)      whether a partial transcript is unmistakably a stop
    is_bare_hello(said)      whether the caller asks if anyone is there, and no more
    ends_in_question(heard)  whether the agent was heard asking something

`rules` reads the words, `sentences` divides a transcript, and `phrases/` has the phrases, a module
per language.
"""

from utterance.rules import (
    RULES,
    Act,
    Verdict,
    classify,
    ends_in_question,
    is_bare_hello,
    is_clear_stop,
)

__all__ = [
    "RULES",
    "Act",
    "Verdict",
    "classify",
    "ends_in_question",
    "is_bare_hello",
    "is_clear_stop",
]

"""What a caller does with what they say, one of a few acts, and whether it takes the floor. PURE.

    classify(said, heard)    the verdict on a caller's words; its rule says why
    is_clear_stop(said)      whether a partial transcript is already unmistakably a stop
    is_bare_hello(said)      whether the caller only asks if anyone is there
    ends_in_question(heard)  whether the agent was heard asking something

`sentences` splits a transcript, `rules` reads it, `verdicts` has what they can say of it, and
`phrases/` has the phrases, one module per language.
"""

from utterance.rules import classify, ends_in_question, is_bare_hello, is_clear_stop
from utterance.verdicts import RULES, Act, Verdict

__all__ = [
    "RULES",
    "Act",
    "Verdict",
    "classify",
    "ends_in_question",
    "is_bare_hello",
    "is_clear_stop",
]

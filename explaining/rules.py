"""What each rule and each outcome means, in a sentence. PURE."""

from collections.abc import Mapping
from typing import Final

RULES: Final[Mapping[str, str]] = {
    "no-words": "It has no words.",
    "only-fillers": "It has only fillers such as um, or words that open a sentence.",
    "fragment": "Apart from fillers, it has only small words that mean nothing alone.",
    "echo-of-the-agent": "It repeats four or more consecutive words that the agent was just "
    "heard saying: an echo on the line.",
    "sound-of-listening": "It is a sound that listeners make.",
    "nothing-but-listening": "All of it agrees, thanks or shows attention.",
    "statement": "It says something without asking or wanting anything.",
    "stop-phrase": "It tells the agent to stop or wait, and nothing else.",
    "bare-no": "It says no without saying what is wanted instead.",
    "goodbye-phrase": "It says goodbye.",
    "correction-phrase": "It says that something is wrong or not wanted.",
    "no-and-instead": "After a no, it says what is wanted instead.",
    "order": "It tells the agent to do something.",
    "wish": "It says what the caller would like or needs.",
    "choice": "It ends by choosing one of several things.",
    "please": "It begins or ends with a word such as please.",
    "person-please": "It asks for a person to talk to.",
    "hello-over-speech": "It asks whether anyone is there.",
    "did-not-hear": "It asks to hear something again.",
    "question-begins-clause": "One of its clauses begins like a question.",
    "question-inside": "It contains words that ask, in any position.",
    "question-begins-with-verb": "It begins with a verb before its subject, like a question.",
    "question-tag": "It is a statement with a tag that asks for agreement.",
    "question-mark": "It is transcribed with a question mark, and nothing contradicts that.",
    "after-a-question": "The words just heard end in a question, and this responds to it.",
    "silence": "The caller went quiet without saying any words.",
}
"""What each rule found in the words; "silence" is the machine's own rule."""

OUTCOMES: Final[Mapping[str, str]] = {
    "asked": "the guide is asked",
    "extended": "the guide is asked again, with these words added to the turn",
    "cancelled": "the reply is cancelled, and the guide is asked",
    "resumed": "the reply resumes",
    "kept": "the words are kept for the guide, and nothing else changes",
    "ignored": "nothing changes",
    "gave up": "the rest of the reply is dropped, before the words are final",
}

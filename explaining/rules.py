"""What each rule and each outcome means, in a sentence. PURE."""

from collections.abc import Mapping
from typing import Final

RULES: Final[Mapping[str, str]] = {
    "no-words": "There is no word in it.",
    "only-fillers": "There is nothing in it but fillers such as um, or the start of a sentence.",
    "fragment": "What is left of it are small words that say nothing by themselves.",
    "echo-of-the-agent": "Four or more words in a row are those the agent had just been heard "
    "saying: the line carried them back.",
    "sound-of-listening": "It is a sound that listeners make.",
    "nothing-but-listening": "All of it agrees, thanks or follows along.",
    "statement": "It says something, and neither asks nor wants anything.",
    "stop-phrase": "It tells the agent to stop or to wait, and no more than that.",
    "bare-no": "It is a no, and what is wanted instead is not said.",
    "goodbye-phrase": "It takes leave.",
    "correction-phrase": "It says that something is wrong or not wanted.",
    "no-and-instead": "After a no it says what is wanted instead.",
    "order": "It tells the agent to do something.",
    "wish": "It says what the caller would like or needs.",
    "choice": "It ends by choosing one of several things.",
    "please": "It begins or ends with a plea.",
    "person-please": "It asks for a person to talk to.",
    "hello-over-speech": "It asks whether anyone is there.",
    "did-not-hear": "It asks to hear something again.",
    "question-begins-clause": "A clause in it begins as questions do.",
    "question-inside": "There are words inside it that ask, wherever they stand.",
    "question-begins-with-verb": "It begins with a verb before its subject, as questions do.",
    "question-tag": "It is a statement with a tag that asks for assent.",
    "question-mark": "The transcript ends it in a question mark, and nothing speaks against that.",
    "after-a-question": "What had been heard ends in a question, and this responds to it.",
    "silence": "The caller had gone quiet, and no words had come.",
}
"""What each rule found in the words; "silence" is the machine's own rule."""

OUTCOMES: Final[Mapping[str, str]] = {
    "asked": "the guide is asked",
    "extended": "the guide is asked again, with these words added to the turn",
    "cancelled": "the reply is cancelled, and the guide is asked",
    "resumed": "the reply goes on",
    "kept": "the words are kept for the guide, and nothing else changes",
    "ignored": "nothing changes",
    "gave up": "the rest of the reply is given up, before the words are final",
}

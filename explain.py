"""Why the agent went on, or did not: one decision explained, or those of a recorded call.

python explain.py "yeah but what about sunday" --heard "We are open until six."
python explain.py recordings/20260102T030405Z-CA0123.jsonl
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from call_log import format as recording
from call_log.format import Frame, RecordingError
from explaining.replay import Replay, replay
from utterance import Act, Verdict, classify, is_clear_stop

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
"""What each rule found in the words; the last is of the machine, not of the words."""

OUTCOMES: Final[Mapping[str, str]] = {
    "asked": "the guide is asked",
    "extended": "the guide is asked again, with these words added to the turn",
    "cancelled": "the reply is cancelled, and the guide is asked",
    "resumed": "the reply goes on",
    "kept": "the words are kept for the guide, and nothing else changes",
    "ignored": "nothing changes",
    "gave up": "the rest of the reply is given up, before the words are final",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Explain what the command line asks about; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    path = Path(options.said)
    if not _is_recording(path):
        _print(_explained_words(options.said, options.heard, options.lang))
        return 0
    if options.heard or options.lang != "en":
        parser.error("--heard and --lang are for words, not for a recording")
    try:
        replayed = replay(recording.load(path.read_text(encoding="utf-8")))
    except RecordingError as error:
        return _fail(f"{path} is no recording of a call that can be replayed: {error}")
    except UnicodeDecodeError:
        return _fail(f"{path} is no recording: it is not text")
    except OSError as error:
        return _fail(f"{path}: {error.strerror}")
    _print(_explained_call(replayed))
    return 1 if replayed.differs else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python explain.py",
        description="Explain a decision about words that a caller says, or replay a recorded call "
        "offline and explain each of its decisions. The words of the call are shown.",
        epilog="The exit status is 1 where a recorded call is not decided now as it was then.",
    )
    parser.add_argument(
        "said", metavar="WORDS|CALL.jsonl", help="what the caller says, or a recording"
    )
    parser.add_argument(
        "--heard", default="", metavar="TEXT", help="what the agent had been heard saying"
    )
    parser.add_argument(
        "--lang",
        default="en",
        metavar="TAG",
        help="the language of the words (default %(default)s)",
    )
    return parser


def _is_recording(path: Path) -> bool:
    try:
        return path.suffix == ".jsonl" or path.is_file()
    except (OSError, ValueError):  # too long for a path, or no path at all
        return False


def _fail(problem: str) -> int:
    print(f"explain: {problem}", file=sys.stderr)
    return 2


def _print(lines: Iterator[str]) -> None:
    for line in lines:
        # What a terminal would obey is no part of what anybody said.
        print("".join(character if character.isprintable() else "?" for character in line))


# --- words ----------------------------------------------------------------------------------------


def _explained_words(said: str, heard: str, lang: str) -> Iterator[str]:
    verdict = classify(said, heard, lang=lang)
    yield f'said         "{said}"'
    yield f'heard        "{heard}"' if heard else "heard        nothing yet"
    yield f"act          {verdict.act}, which {'cancels' if verdict.cancels else 'resumes'} a reply"
    yield f"rule         {verdict.rule}: {RULES[verdict.rule]}"
    yield f"over speech  {_done_over_speech(verdict)}"
    yield f"in silence   {_done_in_silence(verdict)}"
    if is_clear_stop(said, lang=lang):
        yield "while said   the rest of the reply is given up already, before the words are final"


def _done_over_speech(verdict: Verdict) -> str:
    if verdict.cancels:
        return OUTCOMES["cancelled"]
    kept = "; the words are kept for the guide" if verdict.act is Act.REMARK else ""
    return OUTCOMES["resumed"] + kept


def _done_in_silence(verdict: Verdict) -> str:
    if verdict.act is Act.NOISE:
        return OUTCOMES["ignored"]
    late = " (just after a reply: nothing changes)" if verdict.act is Act.BACKCHANNEL else ""
    return OUTCOMES["asked"] + late


# --- a recorded call ------------------------------------------------------------------------------


def _explained_call(call: Replay) -> Iterator[str]:
    mode = "talkover" if call.options.talkover else "pause"
    if call.is_exact:
        yield f"A call with BARGE_IN_MODE={mode}."
    else:
        yield "Recorded on the line's side, without what the guide wrote and without the settings:"
        yield "both are derived from what was sent, so this replay is approximate."
    if call.breaks_off:
        yield "The recording breaks off before the end of the call."
    for recorded, made in call.pairs:
        yield ""
        if made is not None:
            yield from _explained_decision(made)
        if not call.is_same(recorded, made):
            yield f"  DIFFERS  recorded was: {_in_short(recorded)}"
    yield ""
    yield from _conclusion(call)


def _explained_decision(made: Frame) -> Iterator[str]:
    words = f'"{made["said"]}"' if made["act"] else "(silence)"
    paused_for_s = made["paused_for_s"]
    paused = "" if paused_for_s is None else f", after a pause of {paused_for_s:.2f} s"
    yield f"{made['t']:8.2f} s  {words}"
    if made["heard"]:
        yield f'  heard    "{made["heard"]}"'
    if made["act"]:
        yield f"  act      {made['act']}"
    yield f"  rule     {made['rule']}: {RULES[made['rule']]}"
    yield f"  outcome  {made['outcome']}: {OUTCOMES[made['outcome']]}{paused}"
    yield f"  state    {made['state_before']} -> {made['state_after']}"


def _in_short(recorded: Frame | None) -> str:
    if recorded is None:
        return "no decision"
    return ", ".join(f"{key} {value!r}" for key, value in recorded.items())


def _conclusion(call: Replay) -> Iterator[str]:
    total = len(call.recorded)
    if call.differs:
        yield f"NOT THE SAME: {call.differs} of {total} recorded decisions came out differently."
    elif total:
        yield f"The same: all {total} decisions came out as they were recorded."
    else:
        yield "The same: nothing was decided on this call."


if __name__ == "__main__":
    sys.exit(main())

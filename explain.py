"""Explains why the agent resumed or stopped: one decision, or all in a call log.

python explain.py "yeah but what about sunday" --heard "We are open until six."
python explain.py call-logs/20260102T030405Z-CA0123.jsonl
"""

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from call_log.format import CallLogError, parse_call_log
from explaining.replay import replay
from explaining.report import call_report, words_report


def main(arguments: Sequence[str] | None = None) -> int:
    """Explain what the command line asks about; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    path = Path(options.said)
    if not _is_call_log(path):
        _print(words_report(options.said, options.heard, options.lang))
        return 0
    if options.heard or options.lang != "en":
        parser.error("--heard and --lang are for words, not for a call log")
    try:
        replayed = replay(parse_call_log(path.read_text(encoding="utf-8")))
    except CallLogError as error:
        return _fail(f"{path} is not a call log that can be replayed: {error}")
    except UnicodeDecodeError:
        return _fail(f"{path} is not a call log: it is not text")
    except OSError as error:
        return _fail(f"{path}: {error.strerror}")
    _print(call_report(replayed))
    return 1 if replayed.differs else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python explain.py",
        description="Explain how the agent reacts to what a caller says, or replay a call log "
        "offline and explain each decision in it. The output includes the words of the call.",
        epilog="The exit status is 1 if a decision comes out differently than in the call log.",
    )
    parser.add_argument(
        "said", metavar="WORDS|CALL.jsonl", help="what the caller says, or a call log"
    )
    parser.add_argument(
        "--heard", default="", metavar="TEXT", help="what the caller had heard the agent say"
    )
    parser.add_argument(
        "--lang",
        default="en",
        metavar="TAG",
        help="the language of the words (default %(default)s)",
    )
    return parser


def _is_call_log(path: Path) -> bool:
    try:
        return path.suffix == ".jsonl" or path.is_file()
    except (OSError, ValueError):  # words, too long for a path or not valid in one
        return False


def _fail(problem: str) -> int:
    print(f"explain: {problem}", file=sys.stderr)
    return 2


def _print(lines: Iterator[str]) -> None:
    for line in lines:
        # Words from a call must not reach the terminal as control sequences.
        print("".join(character if character.isprintable() else "?" for character in line))


if __name__ == "__main__":
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` ends it without a traceback
    sys.exit(main())

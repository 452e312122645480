"""A simulated phone call in the terminal: `python -m emulator --help`."""

# ruff: noqa: T201 - a command-line tool prints

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import threading
from contextlib import AsyncExitStack, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from dotenv import dotenv_values

from emulator import call_log, script
from emulator.app_process import running_app
from emulator.app_server import CallFailedError
from emulator.call_log import RecordingError
from emulator.dial import SilentCaller, place_call
from emulator.frame_replay import replay_call
from emulator.leg import CALLED, CALLER
from emulator.narrator import Narrator
from emulator.script import ScriptedCaller, ScriptError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from emulator.call_log import Entry
    from emulator.dial import Caller
    from emulator.script import Action

DEMO_CALL = Path(__file__).with_name("demo_call.txt")

_HANG_UP_STATUS = 130
"""The exit status of a program that Ctrl-C has ended."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Place the call that the command line asks for; returns the exit status."""
    options = _parser(_environment()).parse_args(arguments)
    _speak_utf8(sys.stdout)
    try:
        return asyncio.run(_run(options))
    except (CallFailedError, ScriptError, RecordingError) as error:
        print(f"emulator: {error}", file=sys.stderr)
    except OSError as error:
        print(f"emulator: {error.filename}: {error.strerror}", file=sys.stderr)
    except KeyboardInterrupt:
        print("emulator: hung up", file=sys.stderr)
        return _HANG_UP_STATUS
    return 1


def _environment() -> dict[str, str]:
    """Settings of the app that the caller needs too, from the environment and `.env`."""
    from_file = {key: value for key, value in dotenv_values(".env").items() if value is not None}
    return from_file | dict(os.environ)


def _parser(environment: dict[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m emulator",
        description="Call the app as Twilio would, and print the conversation as it is heard. "
        "Without options: a scripted call to the demo guide.",
    )
    port = environment.get("PORT") or "8080"
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--script", type=Path, metavar="FILE", help="what the caller does, see below")
    what.add_argument(
        "--interactive",
        action="store_true",
        help="type what you say, also while the agent speaks; /cough, /5 for a key, /bye",
    )
    what.add_argument(
        "--replay", type=Path, metavar="FILE", help="send a recording's frames and print the answer"
    )
    parser.add_argument("--record", type=Path, metavar="FILE", help="write the call to FILE")
    parser.add_argument("--speed", type=_speed, default=1.0, help="times real time (default 1)")
    parser.add_argument(
        "--server", default=f"http://127.0.0.1:{port}", metavar="URL", help="(default %(default)s)"
    )
    parser.add_argument(
        "--serve", action="store_true", help="start the app for this call if nothing answers"
    )
    parser.add_argument("--from", dest="caller", default=CALLER, metavar="NUMBER")
    parser.add_argument("--to", dest="called", default=CALLED, metavar="NUMBER")
    parser.add_argument(
        "--auth-token",
        default=environment.get("TWILIO_AUTH_TOKEN") or None,
        metavar="TOKEN",
        help="what requests are signed with (default: TWILIO_AUTH_TOKEN, from .env too)",
    )
    parser.add_argument(
        "--public-url",
        default=environment.get("PUBLIC_URL") or None,
        metavar="URL",
        help="the address Twilio knows the app by (default: PUBLIC_URL, from .env too)",
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "A script has one step a line:\n\n" + _script_help()
    return parser


def _script_help() -> str:
    """The part of the script format's own description that shows it."""
    return (script.__doc__ or "").partition("what:\n\n")[2]


def _speed(text: str) -> float:
    speed = float(text)
    if not 0 < speed <= 1000:
        raise argparse.ArgumentTypeError("a number above 0, up to 1000")
    return speed


async def _run(options: argparse.Namespace) -> int:
    caller, recorded = _caller(options), _recorded(options)
    async with AsyncExitStack() as stack:
        file = _open_record(options.record, stack)
        if options.serve and await stack.enter_async_context(running_app(options.server)):
            print(f"started the app at {options.server} for this call")
        if recorded is None:
            return await _call(options, caller, file)
        return await _replay(options, recorded, file)


def _caller(options: argparse.Namespace) -> Caller:
    if options.interactive or options.replay:
        return SilentCaller()
    return ScriptedCaller.from_text((options.script or DEMO_CALL).read_text(encoding="utf-8"))


def _recorded(options: argparse.Namespace) -> list[Entry] | None:
    if options.replay is None:
        return None
    return call_log.load(options.replay.read_text(encoding="utf-8"))


async def _call(options: argparse.Namespace, caller: Caller, record: TextIO | None) -> int:
    narrator = Narrator(colour=sys.stdout.isatty())
    result = await place_call(
        options.server,
        caller,
        auth_token=options.auth_token,
        public_url=options.public_url,
        speed=options.speed,
        from_number=options.caller,
        to_number=options.called,
        typed=_typed_actions(sys.stdin) if options.interactive else None,
        on_entry=_printer(narrator.line, record),
    )
    closing = result.closing
    print(f"{closing.at:7.2f}   call     over: {closing.session_status}")
    if closing.session_status != "failed":
        return 0
    raise CallFailedError(
        f"the app closed the call early (code {closing.code}"
        f"{f', {closing.reason}' if closing.reason else ''}): look at the server's log"
    )


async def _replay(options: argparse.Namespace, recorded: list[Entry], record: TextIO | None) -> int:
    result = await replay_call(
        options.server,
        recorded,
        auth_token=options.auth_token,
        public_url=options.public_url,
        speed=options.speed,
        on_entry=_printer(Narrator(colour=sys.stdout.isatty()).raw_line, record),
    )
    if result.completed:
        return 0
    raise CallFailedError(
        f"the app closed the socket before the recording was over (code {result.close_code}):"
        " look at the server's log"
    )


def _printer(
    line_of: Callable[[Entry], str | None], record: TextIO | None
) -> Callable[[Entry], None]:
    def tell(entry: Entry) -> None:
        if record:
            record.write(call_log.dump(entry) + "\n")
        line = line_of(entry)
        if line is not None:
            print(line, flush=True)

    return tell


async def _typed_actions(source: TextIO) -> AsyncIterator[Action]:
    """What is typed, line by line. The end of input hangs up."""
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        # Unbuffered: a buffered reader would be locked while Python shuts down, which is fatal.
        with open(source.fileno(), "rb", buffering=0, closefd=False) as typed:
            for line in chain(typed, [b"/bye"]):
                with suppress(RuntimeError):  # the call is over, and its loop closed
                    loop.call_soon_threadsafe(
                        lines.put_nowait, line.decode(errors="replace").strip()
                    )

    # A thread of its own, and a daemon: a blocked read must not keep the program from ending.
    threading.Thread(target=read, daemon=True).start()
    while True:
        line = await lines.get()
        if not line:
            continue
        try:
            yield script.parse_typed(line)
        except ScriptError as error:
            print(error, file=sys.stderr)


def _open_record(path: Path | None, stack: AsyncExitStack) -> TextIO | None:
    return stack.enter_context(path.open("w", encoding="utf-8")) if path else None


def _speak_utf8(stream: TextIO) -> None:
    """A terminal that cannot show a sign gets a replacement for it, not an error."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure:
        reconfigure(errors="replace")


if __name__ == "__main__":
    sys.exit(main())

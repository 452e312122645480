"""Places a simulated call in the terminal: `python -m emulator --help`."""

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

from emulator import script
from emulator.app_process import running_app
from emulator.app_server import CallFailedError
from emulator.call_log import CallLogError, entry_line, parse_call_log
from emulator.dial import SilentCaller, place_call
from emulator.leg import CALLED, CALLER
from emulator.narrator import Narrator
from emulator.resend import resend_call
from emulator.script import ScriptedCaller, ScriptError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from emulator.call_log import Entry
    from emulator.dial import Caller
    from emulator.script import Action

DEMO_CALL = Path(__file__).with_name("demo_call.txt")

_HANG_UP_STATUS = 130
"""The exit status after Ctrl-C."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Place a call as the command line says. Returns the exit status."""
    options = _parser(_environment()).parse_args(arguments)
    _speak_utf8(sys.stdout)
    try:
        return asyncio.run(_run(options))
    except (CallFailedError, ScriptError, CallLogError) as error:
        print(f"emulator: {error}", file=sys.stderr)
    except OSError as error:
        print(f"emulator: {error.filename}: {error.strerror}", file=sys.stderr)
    except KeyboardInterrupt:
        print("emulator: hung up", file=sys.stderr)
        return _HANG_UP_STATUS
    return 1


def _environment() -> dict[str, str]:
    """The app's settings, from the environment and `.env`."""
    from_file = {key: value for key, value in dotenv_values(".env").items() if value is not None}
    return from_file | dict(os.environ)


def _parser(environment: dict[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m emulator",
        description="Call the app as Twilio would and print the conversation as it happens.\n"
        "By default, play a scripted call for the demo guide.",
    )
    port = environment.get("PORT") or "8080"
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--script", type=Path, metavar="FILE", help="follow a script, see below")
    what.add_argument(
        "--interactive",
        action="store_true",
        help="type what you say, even while the agent speaks; /cough, /5 for a key, /bye",
    )
    what.add_argument(
        "--resend", type=Path, metavar="FILE", help="resend a call log's frames to the app"
    )
    parser.add_argument("--call-log", type=Path, metavar="FILE", help="write a call log to FILE")
    parser.add_argument(
        "--speed", type=_speed, default=1.0, help="multiple of real time (default 1)"
    )
    parser.add_argument(
        "--server",
        default=f"http://127.0.0.1:{port}",
        metavar="URL",
        help="the app's address (default %(default)s)",
    )
    parser.add_argument(
        "--serve", action="store_true", help="start the app for this call if it is not running"
    )
    parser.add_argument(
        "--from", dest="caller", default=CALLER, metavar="NUMBER", help="(default %(default)s)"
    )
    parser.add_argument(
        "--to", dest="called", default=CALLED, metavar="NUMBER", help="(default %(default)s)"
    )
    parser.add_argument(
        "--auth-token",
        default=environment.get("TWILIO_AUTH_TOKEN") or None,
        metavar="TOKEN",
        help="sign requests with this token (default: TWILIO_AUTH_TOKEN, also from .env)",
    )
    parser.add_argument(
        "--public-url",
        default=environment.get("PUBLIC_URL") or None,
        metavar="URL",
        help="the app's public address, for signatures (default: PUBLIC_URL, also from .env)",
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "A script has one step per line:\n\n" + _script_help()
    return parser


def _script_help() -> str:
    """The example and the rules in the docstring of `script`."""
    return (script.__doc__ or "").partition("action:\n\n")[2]


def _speed(text: str) -> float:
    speed = float(text)
    if not 0 < speed <= 1000:
        raise argparse.ArgumentTypeError("must be above 0 and at most 1000")
    return speed


async def _run(options: argparse.Namespace) -> int:
    caller, to_resend = _caller(options), _to_resend(options)
    async with AsyncExitStack() as stack:
        file = _open_call_log(options.call_log, stack)
        if options.serve and await stack.enter_async_context(running_app(options.server)):
            print(f"Started the app at {options.server} for this call.")
        if to_resend is None:
            return await _call(options, caller, file)
        return await _resend(options, to_resend, file)


def _caller(options: argparse.Namespace) -> Caller:
    if options.interactive or options.resend:
        return SilentCaller()
    return ScriptedCaller.from_text((options.script or DEMO_CALL).read_text(encoding="utf-8"))


def _to_resend(options: argparse.Namespace) -> list[Entry] | None:
    if options.resend is None:
        return None
    return parse_call_log(options.resend.read_text(encoding="utf-8"))


async def _call(options: argparse.Namespace, caller: Caller, file: TextIO | None) -> int:
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
        on_entry=_printer(narrator.line, file),
    )
    closing = result.closing
    print(f"{closing.at:7.2f}   call     ended: {closing.session_status}")
    if closing.session_status != "failed":
        return 0
    raise CallFailedError(
        f"the app closed the call early (code {closing.code}"
        f"{f', {closing.reason}' if closing.reason else ''}): check the app's log"
    )


async def _resend(options: argparse.Namespace, entries: list[Entry], file: TextIO | None) -> int:
    result = await resend_call(
        options.server,
        entries,
        auth_token=options.auth_token,
        public_url=options.public_url,
        speed=options.speed,
        on_entry=_printer(Narrator(colour=sys.stdout.isatty()).raw_line, file),
    )
    if result.completed:
        return 0
    raise CallFailedError(
        f"the app closed the socket before the end of the call log (code {result.close_code}):"
        " check the app's log"
    )


def _printer(
    line_of: Callable[[Entry], str | None], file: TextIO | None
) -> Callable[[Entry], None]:
    def tell(entry: Entry) -> None:
        if file:
            file.write(entry_line(entry) + "\n")
        line = line_of(entry)
        if line is not None:
            print(line, flush=True)

    return tell


async def _typed_actions(source: TextIO) -> AsyncIterator[Action]:
    """Yield what is typed, line by line. The end of input hangs up."""
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        # Unbuffered: Python aborts if a buffered reader is locked by this thread at shutdown.
        with open(source.fileno(), "rb", buffering=0, closefd=False) as typed:
            for line in chain(typed, [b"/bye"]):
                with suppress(RuntimeError):  # the call has ended and its loop is closed
                    loop.call_soon_threadsafe(
                        lines.put_nowait, line.decode(errors="replace").strip()
                    )

    # A daemon thread: a blocked read must not keep the program from exiting.
    threading.Thread(target=read, daemon=True).start()
    while True:
        line = await lines.get()
        if not line:
            continue
        try:
            yield script.parse_typed(line)
        except ScriptError as error:
            print(error, file=sys.stderr)


def _open_call_log(path: Path | None, stack: AsyncExitStack) -> TextIO | None:
    return stack.enter_context(path.open("w", encoding="utf-8")) if path else None


def _speak_utf8(stream: TextIO) -> None:
    """Replace characters that the terminal cannot show instead of failing."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure:
        reconfigure(errors="replace")


if __name__ == "__main__":
    sys.exit(main())

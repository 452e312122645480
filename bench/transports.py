"""CPU per token of the two transports: libcurl, and the `openai` SDK, its fallback.

    python bench/transports.py [--streams 100] [--rounds 5]

A scripted guide in another process streams replies of 50 words, one every 40 ms, to that many
requests at once. Nothing is done with the words here, so this is the cost of the client alone, its
requests included. The transports alternate, round by round, in the same process and event loop.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.scripted_guide import Pace, ScriptedGuide
from bench.wheel import Wheel
from guide.libcurl import Libcurl
from guide.options import GuideOptions
from guide.sdk import Sdk
from guide.transport import Choice
from guide_client import GuideClient
from turn.history import Message

CHOICES: Final = (Choice(Libcurl.name, Libcurl), Choice(Sdk.name, Sdk))


async def serve_guide() -> None:
    """Serve the guide until terminated; its address is the first line of output."""
    print(await ScriptedGuide(Pace(), Wheel()).start(), flush=True)
    await asyncio.Event().wait()


async def listen(client: GuideClient) -> int:
    """Ask for one reply; returns how many words it had."""
    over: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
    said: list[str] = []
    client.ask([Message("user", "What are your hours?")], said.append, over.set_result)
    if error := await over:
        raise error
    return len("".join(said).split())


async def round_us(client: GuideClient, streams: int) -> float:
    """The CPU time per token, in microseconds."""
    began = time.process_time()
    words = await asyncio.gather(*[listen(client) for _ in range(streams)])
    return (time.process_time() - began) / sum(words) * 1e6


async def measure(base_url: str, streams: int, rounds: int) -> None:
    """Print the cost of both, and the median of the ratios."""
    options = GuideOptions(base_url, "none", "guide")
    clients = {choice.name: GuideClient(options, choice) for choice in CHOICES}
    for client in clients.values():
        await round_us(client, streams)  # to open the connections
    costs: dict[str, list[float]] = {name: [] for name in clients}
    for _ in range(rounds):
        for name, client in clients.items():
            costs[name].append(await round_us(client, streams))
    for name, client in clients.items():
        print(
            f"{name:>8}: {statistics.median(costs[name]):.1f} µs per token,"
            f" {min(costs[name]):.1f} to {max(costs[name]):.1f}"
        )
        await client.aclose()
    ratios = [sdk / curl for curl, sdk in zip(*costs.values(), strict=True)]
    print(f"   ratio: {statistics.median(ratios):.1f}, {min(ratios):.1f} to {max(ratios):.1f}")


def main() -> None:
    """Start the guide, measure, and stop it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--streams", type=int, default=100, help="requests at once")
    parser.add_argument("--rounds", type=int, default=5, help="rounds per transport")
    parser.add_argument("--serve-guide", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve_guide:
        uvloop.run(serve_guide())
        return
    command = [sys.executable, __file__, "--serve-guide"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as guide:  # noqa: S603 - us
        try:
            assert guide.stdout is not None
            base_url = guide.stdout.readline().strip()
            uvloop.run(measure(base_url, arguments.streams, arguments.rounds))
        finally:
            guide.terminate()


if __name__ == "__main__":
    main()

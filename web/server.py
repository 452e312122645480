"""Serves the app: its port, the processes that share it, and their garbage collector."""

import gc
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import uvicorn
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from web.relay_socket import MAX_MESSAGE_BYTES, RelaySocket

if TYPE_CHECKING:
    from starlette.types import ASGIApp

SHUTDOWN_S: Final = 5
"""How long requests in progress may still take at shutdown. Calls end at once."""

KEEP_ALIVE_S: Final = 310
"""Longer than the guide client keeps idle connections: it reaches the demo guide over one, and the
server must not close that just as a request is sent."""


def listen(host: str, port: int, count: int = 1) -> list[socket.socket]:
    """Open `count` sockets that listen on one port and share its connections. Raises `OSError`."""
    first = _listener(host, port)
    if count == 1:
        return [first]
    # The port is free, so we share it with no other program. From here on, sharing is on purpose.
    port = first.getsockname()[1]
    first.close()
    return [_listener(host, port, reuse_port=True) for _ in range(count)]


def _listener(host: str, port: int, *, reuse_port: bool = False) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server(
        (host, port), family=family, backlog=2048, reuse_port=reuse_port
    )
    # A token must not wait until the previous one is acknowledged. asyncio sets this only on
    # listeners it opened itself; connections inherit it from ours.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def serve(app: "ASGIApp | str", listeners: Sequence[socket.socket]) -> None:
    """Serve until told to stop: one listener in this process, or each of several in its own.

    Processes import the app by its name, `module:attribute`.
    """
    config = uvicorn.Config(
        app,
        workers=len(listeners),
        ws=RelaySocket,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,  # frames are small, but its state per call is not
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        log_level="warning",
        timeout_graceful_shutdown=SHUTDOWN_S,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    with suppress(KeyboardInterrupt):  # uvicorn raises it again after shutting down
        if len(listeners) == 1:
            uvicorn.Server(config).run(sockets=[*listeners])
        else:
            _Processes(config, [*listeners]).run()


class _Processes(Multiprocess):
    """uvicorn's, with a listener per process, so that the kernel spreads connections evenly.

    If all waited on one listener, the first to wake up would take most connections.
    """

    def init_processes(self) -> None:
        for listener in self.sockets:
            process = Process(self.config, [listener])
            process.start()
            self.processes.append(process)


def tune_garbage_collector() -> None:
    """Exempt all objects that exist now from garbage collection, and collect less often.

    Call it once the app is built. The app is most of what there is, and scanning it takes longer
    than a caller should wait for a word. Calls leave little for the collector: reference counts
    free almost all of it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)

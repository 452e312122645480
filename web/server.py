"""Serves the app: its port, and as many processes as are to share it."""

import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import uvicorn
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from web.relay_socket import RelaySocket

if TYPE_CHECKING:
    from starlette.types import ASGIApp

SHUTDOWN_S: Final = 5
"""How long requests in progress may take when the server is told to stop. Calls end at once."""

KEEP_ALIVE_S: Final = 310
"""Longer than the guide client keeps its connections, for the demo guide is asked over one: the
server must not close it as a request is sent."""


def listen(host: str, port: int, count: int = 1) -> list[socket.socket]:
    """So many sockets that listen on one port, and share what comes to it. Raises `OSError`."""
    first = _listener(host, port)
    if count == 1:
        return [first]
    # The port is free: nobody else is to be shared with. From here on it is shared on purpose.
    port = first.getsockname()[1]
    first.close()
    return [_listener(host, port, reuse_port=True) for _ in range(count)]


def _listener(host: str, port: int, *, reuse_port: bool = False) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server(
        (host, port), family=family, backlog=2048, reuse_port=reuse_port
    )
    # A token must not wait for the one before it to be acknowledged. asyncio sees to that only on
    # listeners that it has made itself; connections inherit it from this one.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def serve(app: "ASGIApp | str", listeners: Sequence[socket.socket], *, longest_frame: int) -> None:
    """Serve until told to stop: with one listener in this process, else one process for each.

    The processes import the app by its name, `module:attribute`. `longest_frame` is in bytes.
    """
    config = uvicorn.Config(
        app,
        workers=len(listeners),
        ws=RelaySocket,
        ws_max_size=longest_frame,
        ws_per_message_deflate=False,  # frames are small; what it keeps of each call is not
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        log_level="warning",
        timeout_graceful_shutdown=SHUTDOWN_S,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    with suppress(KeyboardInterrupt):  # which uvicorn raises again once it has shut down
        if len(listeners) == 1:
            uvicorn.Server(config).run(sockets=[*listeners])
        else:
            _Processes(config, [*listeners]).run()


class _Processes(Multiprocess):
    """uvicorn's, with a listener for each process: the system deals connections out evenly.

    Where several wait on one, whoever wakes up first takes most of them.
    """

    def init_processes(self) -> None:
        for listener in self.sockets:
            process = Process(self.config, [listener])
            process.start()
            self.processes.append(process)

"""Starts the dashboard: `python -m mqttown_dashboard`, settings from the environment."""

import asyncio
import socket
import sys
from types import FrameType

import uvicorn
import uvloop
from asyncpg.exceptions import PostgresError
from pydantic import ValidationError

from mqttown.log import as_json, log_to
from mqttown.process import leaves, say_ready
from mqttown_dashboard.app import create_app, running
from mqttown_dashboard.settings import Settings
from mqttown_dashboard.state import State

__all__ = ["main"]


class _Server(uvicorn.Server):
    """Prints `ready` once it answers, and ends the live streams when it is asked to stop; they would never end by themselves."""

    def __init__(self, config: uvicorn.Config, state: State, page: str) -> None:
        super().__init__(config)
        self._state = state
        self._page = page

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            say_ready({"page": self._page, "api": self._page + "api/v1"})

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._state.hub.close()
        self._state.wires.close()
        self._state.seats.leave()
        super().handle_exit(sig, frame)


def main() -> int:
    """Run until asked to stop; the exit status."""
    log_to(sys.stderr)
    try:
        settings = Settings()
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"]).upper()
            sys.stderr.write(f"dashboard: MQTTOWN_{name}: {problem['msg']}\n" if name else f"dashboard: {problem['msg']}\n")
        return 2
    try:
        listener = _listen(settings.host, settings.http_port)
    except OSError as error:
        sys.stderr.write(
            f"dashboard: can't listen on {settings.host} port {settings.http_port}: {error.strerror}; choose another with "
            "--http-port (0 takes a free one)\n"
        )
        return 1
    status = 0
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, listener))
    except* (OSError, ValueError, PostgresError) as group:
        status = 1
        for leaf in leaves(group):
            sys.stderr.write(f"dashboard: {leaf}\n")
    return status


async def _serve(settings: Settings, listener: socket.socket) -> None:
    async with running(settings) as state:
        app = create_app(state)
        config = uvicorn.Config(
            app,
            http="httptools",
            lifespan="off",
            log_level="warning",
            access_log=False,
            log_config=None if as_json() else uvicorn.config.LOGGING_CONFIG,
            timeout_graceful_shutdown=1,
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies,
            ssl_certfile=settings.tls_cert,
            ssl_keyfile=settings.tls_key,
        )
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        scheme = "http" if settings.tls_cert is None else "https"
        await _Server(config, state, f"{scheme}://{host}:{listener.getsockname()[1]}/").serve(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket; opened before anything else, so that a taken port is told at once.

    Raises:
        OSError: the address is taken or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


if __name__ == "__main__":
    sys.exit(main())

"""Starts the dashboard: `python -m mqttown_dashboard`, settings from the environment."""

import socket
import sys
from types import FrameType

import orjson
import structlog
import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError

from mqttown_dashboard.app import create_app
from mqttown_dashboard.settings import Settings
from mqttown_dashboard.state import State

__all__ = ["main"]


class _Server(uvicorn.Server):
    """Prints `ready` once it answers, and ends the live streams when it is asked to stop; they would never end by themselves."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, page: str) -> None:
        super().__init__(config)
        self._app = app
        self._page = page

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(f"ready {orjson.dumps({'page': self._page, 'api': self._page + 'api/v1'}).decode()}\n")
            sys.stdout.flush()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        parts: State | None = getattr(self._app.state, "parts", None)
        if parts is not None:
            parts.hub.close()
        super().handle_exit(sig, frame)


def main() -> int:
    """Run until asked to stop; the exit status."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
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
    app = create_app(settings)
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", lifespan="on", log_level="warning", timeout_graceful_shutdown=1, server_header=False
    )
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    server = _Server(config, app, f"http://{host}:{listener.getsockname()[1]}/")
    server.run(sockets=[listener])
    return 0 if server.started else 1


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

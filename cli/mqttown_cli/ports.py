"""The three doors of a town: which ports are free, and what to say when one is not."""

import socket
import time
from collections.abc import Collection, Mapping
from typing import Final

__all__ = ["PortError", "any_free", "choose_ports", "next_free"]

LINGER_SECONDS: Final = 2.0
"""The processes of a town that was just killed may hold its ports so long."""


class PortError(RuntimeError):
    """A port is taken; the message names it and the flag that changes it."""


def choose_ports(host: str, wanted: Mapping[str, int]) -> dict[str, int]:
    """Check that ports are free, and choose free ones for those given as 0.

    Args:
        host: address to listen on.
        wanted: flag (like `--mqtt-port`) to port.

    Raises:
        PortError: a port is taken or may not be used.
    """
    held: list[socket.socket] = []
    try:
        chosen = {}
        for flag, port in wanted.items():
            held.append(_hold(host, port, flag))
            chosen[flag] = int(held[-1].getsockname()[1])
        return chosen
    finally:
        for holder in held:
            holder.close()


def any_free(host: str, count: int, taken: Collection[int]) -> list[int]:
    """Free ports, wherever the kernel has them.

    Args:
        host: address to listen on.
        count: how many.
        taken: ports that are meant for something else.
    """
    found = choose_ports(host, {f"port {number}": 0 for number in range(count + len(taken))})
    return [port for port in found.values() if port not in taken][:count]


def next_free(host: str, after: int, count: int, taken: Collection[int]) -> list[int]:
    """The next free ports above one.

    Args:
        host: address to listen on.
        after: the port below them.
        count: how many.
        taken: ports that are meant for something else.

    Raises:
        PortError: there are not so many.
    """
    found: list[int] = []
    for port in range(after + 1, 65536):
        if len(found) == count:
            break
        if port not in taken and _is_free(host, port):
            found.append(port)
    if len(found) < count:
        raise PortError(f"{host} has no {count} free ports above {after}; take a lower port")
    return found


def _is_free(host: str, port: int) -> bool:
    with socket.socket(_family(host)) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind((host, port))
            holder.listen(1)
        except OSError:
            return False
        return True


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _hold(host: str, port: int, flag: str) -> socket.socket:
    deadline = time.monotonic() + LINGER_SECONDS
    while True:
        holder = socket.socket(_family(host))
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind((host, port))
            holder.listen(1)
        except (OSError, OverflowError) as error:
            holder.close()
            if time.monotonic() < deadline and port:
                time.sleep(0.1)
                continue
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise PortError(f"{host}:{port} can't be used ({reason}); {flag} takes another port, 0 takes any free one") from error
        return holder

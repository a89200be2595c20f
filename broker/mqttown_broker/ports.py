"""Free ports for a broker that is told its ports before it starts."""

import contextlib
import socket

__all__ = ["free_ports"]


def free_ports(host: str, count: int) -> tuple[int, ...]:
    """Different ports that are free now.

    Args:
        host: address to listen on.
        count: how many.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.socket(family)) for _ in range(count)]
        for one in held:
            one.bind((host, 0))
        return tuple(int(one.getsockname()[1]) for one in held)

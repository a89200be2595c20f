"""Which ports a town takes, and what is said of one that is taken."""

import socket

import pytest

from mqttown_cli.ports import PortError, any_free, choose_ports, next_free

HOST = "127.0.0.1"


def test_a_port_that_is_taken_is_named_with_its_flag() -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortError, match=rf"{HOST}:{port} can't be used .* --mqtt-port takes another port"):
            choose_ports(HOST, {"--http-port": 0, "--mqtt-port": port})


def test_ports_next_to_one_leave_out_what_is_taken_or_meant_for_another() -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        found = next_free(HOST, port - 1, 2, {port + 1})
    assert len(set(found)) == 2
    assert min(found) > port + 1


def test_any_free_ports_are_others_than_those_meant_for_something_else() -> None:
    taken = set(choose_ports(HOST, {"--http-port": 0, "--mqtt-port": 0, "--ws-port": 0}).values())
    found = any_free(HOST, 4, taken)
    assert len(set(found) - taken) == 4
    assert choose_ports(HOST, {str(port): port for port in found}), "each can be listened on"

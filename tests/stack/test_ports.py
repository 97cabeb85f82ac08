"""Ports: what counts as taken, and who is named."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.errors import PortTakenError, SettingsError
from include.network import is_listening
from stack.ports import free_port, is_free, require_free
from stack.types import PortClaim


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_taken_port_names_the_setting_and_the_holder(host: str, listener: int) -> None:
    with pytest.raises(PortTakenError) as caught:
        require_free(PortClaim("DB_PORT", host, listener))

    assert f"port {listener} (DB_PORT) is in use by " in str(caught.value)
    assert f"(pid {os.getpid()})" in str(caught.value)


def test_a_program_on_all_addresses_holds_loopback_too() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server, pytest.raises(PortTakenError):  # noqa: S104
        require_free(PortClaim("DB_PORT", "127.0.0.1", server.getsockname()[1]))


def test_a_free_port_is_free() -> None:
    port = free_port()

    require_free(PortClaim("DB_PORT", "localhost", port))
    assert is_free(port)
    assert not is_listening("127.0.0.1", port)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "no-such-host.invalid"])  # noqa: S104
def test_only_this_machine_will_do(host: str) -> None:
    with pytest.raises(SettingsError, match="this machine only"):
        require_free(PortClaim("DB_PORT", host, free_port()))


def test_no_connection_out_takes_a_free_port_before_its_server_begins() -> None:
    lowest, highest = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())

    assert not [port for port in (free_port() for _ in range(100)) if lowest <= port <= highest]

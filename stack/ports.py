"""Ports: free ones, taken ones, and who holds them."""

import errno
import ipaddress
import secrets
import socket
import time

import psutil

from include.errors import PortTakenError, SettingsError
from include.network import LOOPBACK
from stack.types import PortClaim

# A killed program holds its port for a moment longer, when it can no longer be named.
DYING_SECONDS = 2.0
POLL_SECONDS = 0.05
# Linux gives connections out the ports from 32768 on, other systems higher ones.
_NOT_FOR_CONNECTIONS = range(20_000, 32_768)


def require_free(claim: PortClaim) -> None:
    """Raise PortTakenError naming the holder when something listens on the claimed address."""
    for family, address in _loopback_addresses(claim):
        deadline = time.monotonic() + DYING_SECONDS
        while not _can_bind(family, address, claim.port):
            holder = _holder_of(claim.port)
            if holder or time.monotonic() >= deadline:
                raise PortTakenError(
                    setting=claim.setting, port=claim.port, holder=holder or "a program of another user"
                )
            time.sleep(POLL_SECONDS)


def _loopback_addresses(claim: PortClaim) -> list[tuple[int, str]]:
    """Resolve the claim's host; raise SettingsError unless it is this machine's loopback."""
    try:
        found = socket.getaddrinfo(claim.host, claim.port, type=socket.SOCK_STREAM)
    except OSError:
        found = []
    addresses = [(int(family), str(address[0])) for family, _, _, _, address in found]
    if not addresses or not all(ipaddress.ip_address(address).is_loopback for _, address in addresses):
        raise SettingsError(
            f"{claim.setting} names {claim.host}, but the embedded stack listens on this machine only: "
            f"use localhost or {LOOPBACK}, or leave the stack alone if your servers run elsewhere"
        )
    return addresses


def free_port() -> int:
    """Return a loopback port that nothing listens on at this instant.

    Not one that the system gives to connections out: on a busy machine one of these would be gone before its server
    begins to listen.
    """
    while not is_free(port := secrets.choice(_NOT_FOR_CONNECTIONS)):
        pass
    return port


def is_free(port: int) -> bool:
    """Tell whether a loopback port can be listened on."""
    return _can_bind(socket.AF_INET, LOOPBACK, port)


def _can_bind(family: int, address: str, port: int) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: a connection of the last run that still winds down does not hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            return error.errno != errno.EADDRINUSE
    return True


def _holder_of(port: int) -> str | None:
    """Name the program that listens on `port`, as far as we are allowed to see it."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:  # macOS shows other programs' sockets to root only
        return None
    for connection in connections:
        is_listener = connection.status == psutil.CONN_LISTEN
        if is_listener and connection.laddr and connection.laddr.port == port and connection.pid:
            return _process_label(connection.pid)
    return None


def _process_label(pid: int) -> str:
    try:
        return f"{psutil.Process(pid).name()} (pid {pid})"
    except psutil.Error:
        return f"pid {pid}"

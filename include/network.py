"""Whether somebody answers at an address."""

import socket

LOOPBACK = "127.0.0.1"
CONNECT_TIMEOUT_SECONDS = 1.0


def is_listening(host: str, port: int) -> bool:
    """Tell whether a connection to the address is accepted."""
    try:
        with socket.create_connection((host, port), timeout=CONNECT_TIMEOUT_SECONDS):
            return True
    except OSError:
        return False

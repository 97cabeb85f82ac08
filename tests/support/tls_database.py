"""The stack's own database behind TLS: its programs are built without, so a small door in front of it speaks it."""

import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from include.network import LOOPBACK
from include.settings import Settings

# What a client asks before anything else, and the server's yes.
TLS_REQUEST = struct.pack("!ii", 8, 80877103)
YES = b"S"
CHUNK_BYTES = 65_536


@contextmanager
def tls_database(settings: Settings, certificate: Path) -> Iterator[Settings]:
    """Give settings of a door that lets nobody in without TLS and hands on what it hears to the database."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    # Clients of today may begin without asking; they name the protocol then.
    context.set_alpn_protocols(["postgresql"])
    with socket.create_server((LOOPBACK, 0)) as door:
        port = door.getsockname()[1]
        threading.Thread(target=_open_to_all, args=(door, context, settings), daemon=True).start()
        try:
            yield settings.having(db_host=LOOPBACK, db_port=port)
        finally:
            door.shutdown(socket.SHUT_RDWR)


def _open_to_all(door: socket.socket, context: ssl.SSLContext, settings: Settings) -> None:
    while True:
        try:
            guest, _ = door.accept()
        except OSError:  # it is closed
            return
        threading.Thread(target=_let_in, args=(guest, context, settings), daemon=True).start()


def _let_in(guest: socket.socket, context: ssl.SSLContext, settings: Settings) -> None:
    with guest, suppress(OSError):
        if guest.recv(len(TLS_REQUEST)) != TLS_REQUEST:
            return
        guest.sendall(YES)
        with (
            context.wrap_socket(guest, server_side=True) as secured,
            socket.create_connection((settings.db.host, settings.db.port)) as database,
        ):
            back = threading.Thread(target=_carry, args=(database, secured), daemon=True)
            back.start()
            _carry(secured, database)
            back.join()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(CHUNK_BYTES):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)

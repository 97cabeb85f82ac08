"""A Java trust store of the certificates that this machine trusts.

The wheel's Java knows only the public authorities. Behind a company proxy that intercepts TLS, Python learns about the
proxy's authority from SSL_CERT_FILE, and Java has to know it as well.
"""

import ssl
import struct
from collections.abc import Iterable
from pathlib import Path

MAGIC, VERSION, TRUSTED_CERTIFICATE = 0xFEEDFEED, 2, 2


def trusted_certificates() -> list[bytes]:
    """Return the authorities' certificates that Python trusts, in DER form."""
    return ssl.create_default_context().get_ca_certs(binary_form=True)


def store_bytes(certificates: Iterable[bytes]) -> bytes:
    """Return a key store in Java's own format (JKS).

    The checksum at its end would need a password; it is not read if none is given.
    """
    entries = [_entry(f"authority-{number}", each) for number, each in enumerate(certificates)]
    return struct.pack(">III", MAGIC, VERSION, len(entries)) + b"".join(entries)


def write_store(file: Path) -> bool:
    """Write the store of this machine; tell whether it knows any authority."""
    certificates = trusted_certificates()
    if certificates:
        file.write_bytes(store_bytes(certificates))
    return bool(certificates)


def _entry(alias: str, certificate: bytes) -> bytes:
    created_at_ms = 0
    head = struct.pack(">I", TRUSTED_CERTIFICATE) + _text(alias) + struct.pack(">Q", created_at_ms)
    return head + _text("X.509") + struct.pack(">I", len(certificate)) + certificate


def _text(value: str) -> bytes:
    return struct.pack(">H", len(value)) + value.encode("ascii")

"""HTTP to the outside: by the machine's own certificates, and no address that is asked gets into a log."""

import logging
import ssl

import httpx

# At INFO httpx tells each address that it asks, and ours may hold a token.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

# What asking an address of a user's may raise: besides what the network does, it or a proxy may be none.
NOT_REACHED = (httpx.HTTPError, httpx.InvalidURL, ImportError, ValueError)


def trusted() -> ssl.SSLContext:
    """Return the machine's own certificates: where a company has an authority of its own, they know it."""
    return ssl.create_default_context()

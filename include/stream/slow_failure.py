"""Let what fails for good fail after the longest wait: nobody tries it again, but the next launch follows at once."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from include.errors import PermanentError
from include.log import get_logger
from include.stream.backoff import LONGEST_WAIT_SECONDS

log = get_logger()


@contextmanager
def failing_slowly() -> Iterator[None]:
    """Wait before a PermanentError leaves the block, or the function that this decorates."""
    try:
        yield
    except PermanentError as error:
        reason, message = type(error).__name__, str(error)
        log.warning("launch_delayed", seconds=LONGEST_WAIT_SECONDS, reason=reason, message=message)
        time.sleep(LONGEST_WAIT_SECONDS)
        raise

"""Something that is done again and again beside a test."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def repeating(act: Callable[[], object], *, every_seconds: float) -> Iterator[None]:
    """Call `act` in a thread after each such time; the thread has ended when the block has."""
    is_over = threading.Event()

    def go_on() -> None:
        while not is_over.wait(every_seconds):
            act()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()

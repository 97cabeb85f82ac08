"""Faults in the judging code of a real stream: with this folder on PYTHONPATH, marked records fail or kill a process.

Python loads a module of this name at start, in every process of the stream.
"""

import os
import signal
from collections.abc import Iterable
from functools import partial
from typing import Any

from tests.support.changed_modules import change_at_import

RAISES, KILLS = b"injected: raise", b"injected: kill"
# Each module that judges many records, and what it calls that.
JUDGING = {"include.domain.validation": "validate", "include.compiled.judging": "judge"}


def with_faults(name: str, module: Any) -> None:
    """Let what judges stumble over the marked records."""
    sound = getattr(module, name)

    def faulty(values: Iterable[bytes | None], *others: object) -> object:
        for value in values:
            if value and KILLS in value:
                os.kill(os.getpid(), signal.SIGKILL)
            if value and RAISES in value:
                raise ArithmeticError("injected")
        return sound(values, *others)

    setattr(module, name, faulty)


change_at_import({module: partial(with_faults, name) for module, name in JUDGING.items()})

"""Faults in the judging code of a real stream: with this folder on PYTHONPATH, marked records fail or kill a process.

Python loads a module of this name at start, in every process of the stream.
"""

import os
import signal
import sys
from collections.abc import Iterable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

RAISES, KILLS = b"injected: raise", b"injected: kill"
# Each module that judges many records, and what it calls that.
JUDGING = {"include.domain.validation": "validate", "include.compiled.judging": "judge"}


class _FaultyLoader(Loader):
    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        name = JUDGING[module.__name__]
        sound = getattr(module, name)

        def faulty(values: Iterable[bytes | None], *others: object) -> object:
            for value in values:
                if value and KILLS in value:
                    os.kill(os.getpid(), signal.SIGKILL)
                if value and RAISES in value:
                    raise ArithmeticError("injected")
            return sound(values, *others)

        vars(module)[name] = faulty


class _Finder(MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in JUDGING:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _FaultyLoader(spec.loader)
        return spec


sys.meta_path.insert(0, _Finder())

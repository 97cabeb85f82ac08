"""Faults in the judging code of a real stream: with this folder on PYTHONPATH, marked records fail or kill a process.

Python loads a module of this name at start, in every process of the stream.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import signal
import sys

RAISES, KILLS = b"injected: raise", b"injected: kill"
JUDGING = "include.domain.validation"


class _FaultyLoader(importlib.abc.Loader):
    def __init__(self, loader):
        self._loader = loader

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        sound = module.validate

        def validate(values, *others):
            for value in values:
                if value and KILLS in value:
                    os.kill(os.getpid(), signal.SIGKILL)
                if value and RAISES in value:
                    raise ArithmeticError("injected")
            return sound(values, *others)

        module.validate = validate


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != JUDGING:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None:
            spec.loader = _FaultyLoader(spec.loader)
        return spec


sys.meta_path.insert(0, _Finder())

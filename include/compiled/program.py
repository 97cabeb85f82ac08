"""Load the machine code that set-up has made, and call it.

Where there is none, or it does not fit, `the_program` returns None: the general path then does all the work, some ten
times as slow. Nothing is ever compiled here, and numba is not imported. Loading takes 20 ms of processor time and 3 MB.
"""

import ctypes
import platform
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from include.log import get_logger

SUFFIX = ".machine-code"
SEAL_BYTES = sha256().digest_size
# What each function takes, in its order; all of them return a number.
ARGUMENTS = {
    "judge_records": (
        "int64s", "int64s", "int64s", "number", "number", "number", "address", "int32s", "int64s", "int32s", "int32s",
    ),
    "unpack_messages": (
        "int64s", "number", "address", "address", "int32s", "int64s", "int64s", "int64s", "int64s", "int32s",
    ),
    "give_back": ("int64s", "number", "address"),
    "encode_rows": (
        "int64s", "number", "address", "int32s", "int64s", "int8s", "address", "int64s", "number", "address",
    ),
}  # fmt: skip
_SOURCES = ("build", "instants", "json_text", "memory", "messages", "program", "records", "rows")
_RULES = ("record_time", "schema")

_WITHOUT_IT = "records cost several times as much: run make setup, or build the image anew"

log = get_logger()


class Program:
    """The functions, each called with addresses and numbers; other threads may work meanwhile."""

    def __init__(self, code: bytes) -> None:
        from llvmlite import binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        machine = llvm.Target.from_default_triple().create_target_machine()
        # Kept: the code is gone with it.
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        self.judge_records = self._function("judge_records")
        self.unpack_messages = self._function("unpack_messages")
        self.give_back = self._function("give_back")
        self.encode_rows = self._function("encode_rows")

    def _function(self, name: str) -> Any:
        kind = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * len(ARGUMENTS[name]))
        return kind(self._engine.get_function_address(name))


def object_file() -> Path:
    """Return where the machine code of exactly these sources lies, for this kind of machine."""
    here = Path(__file__).parent
    files = [here / f"{name}.py" for name in _SOURCES] + [
        here.parent / "domain" / f"{name}.py" for name in _RULES
    ]
    said = b"".join(file.read_bytes() for file in files)
    return here / "__pycache__" / f"{platform.machine()}-{sha256(said).hexdigest()[:16]}{SUFFIX}"


def sealed(code: bytes) -> bytes:
    """Return what `unsealed` takes."""
    return sha256(code).digest() + code


def unsealed(content: bytes) -> bytes:
    """Return the code; raise ValueError for a file that is not whole, which LLVM might not survive."""
    code = content[SEAL_BYTES:]
    if sha256(code).digest() != content[:SEAL_BYTES]:
        raise ValueError("the machine code is not whole")
    return code


def is_made() -> bool:
    """Tell whether set-up has nothing left to do."""
    try:
        return bool(unsealed(object_file().read_bytes()))
    except (OSError, ValueError):
        return False


@cache
def the_program() -> Program | None:
    """Return the functions, loaded at the first call; None, said once in the log, where they cannot be had."""
    try:
        return Program(unsealed(object_file().read_bytes()))
    except FileNotFoundError:
        log.warning("compiled_pass_missing", message=_WITHOUT_IT)
    except Exception as error:  # whatever LLVM has against it: the general path needs none of it
        log.warning("compiled_pass_refused", error=type(error).__name__, message=_WITHOUT_IT)
    return None

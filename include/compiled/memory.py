"""Bytes at an address, for code that numba compiles. Nothing here checks where it reads: its callers know the end.

Addresses are signed 64-bit numbers throughout: numba would turn a sum of signed and unsigned ones into a float.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

_F = TypeVar("_F", bound=Callable[..., object])

_BYTE, _INT, _LONG = ir.IntType(8), ir.IntType(32), ir.IntType(64)


def compiled(function: _F) -> _F:
    """Compile a function without anything of Python's in it: no exceptions, no objects."""
    made: _F = njit(error_model="numpy", boundscheck=False)(function)
    return made


# What numba asks of each of these: the types, and what writes the instructions.


def _loading(width: ir.IntType) -> Callable[[int], int]:
    def load(_context: Any, address: Any) -> Any:  # noqa: ARG001 - numba matches arguments by these names
        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            found = builder.load(builder.inttoptr(arguments[0], width.as_pointer()), align=1)
            return found if width is _LONG else builder.zext(found, _LONG)

        return types.int64(types.int64), generate

    made: Callable[[int], int] = intrinsic(load)
    return made


def _storing(width: ir.IntType) -> Callable[[int, int], None]:
    def store(_context: Any, address: Any, value: Any) -> Any:  # noqa: ARG001
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            number = arguments[1] if width is _LONG else builder.trunc(arguments[1], width)
            builder.store(number, builder.inttoptr(arguments[0], width.as_pointer()), align=1)
            return context.get_dummy_value()

        return types.void(types.int64, types.int64), generate

    made: Callable[[int, int], None] = intrinsic(store)
    return made


def _calling() -> Callable[[int, int, int], int]:
    def call(_context: Any, function: Any, first: Any, second: Any) -> Any:  # noqa: ARG001
        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            kind = ir.FunctionType(_LONG, [_LONG, _LONG])
            return builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), arguments[1:])

        return types.int64(types.int64, types.int64, types.int64), generate

    made: Callable[[int, int, int], int] = intrinsic(call)
    return made


byte_at, int_at, long_at = _loading(_BYTE), _loading(_INT), _loading(_LONG)
put_byte, put_long = _storing(_BYTE), _storing(_LONG)
# A C function of two pointers that returns 64 bits; one that takes less, or returns nothing, can be called as well.
call = _calling()

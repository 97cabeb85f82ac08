"""Make the machine code of the compiled way, once per installation: `python -m include.compiled`.

Numba needs seconds to compile, a second to be imported, and a folder of its own that it can write to. So it works here
alone: what it makes of the functions is one object file beside them, for any processor of this machine's kind, which
`program` loads in milliseconds, whoever the user is and however read-only the folder (docs/decisions/0018).
"""

import os
from pathlib import Path
from typing import Any

from llvmlite import binding as llvm
from numba import cfunc, config, types

from include.compiled import program

# For any processor of the kind: an image is built on one machine and runs on others.
_PROCESSOR = "generic"
# What the code may ask of the process that loads it, besides nothing: C's own.
_FOREIGN = {"memcpy", "memmove", "memset"}

_ADDRESS, _COUNT = types.int64, types.int64
_KINDS = {
    "address": _ADDRESS,
    "number": _COUNT,
    "int8s": types.CPointer(types.int8),
    "int32s": types.CPointer(types.int32),
    "int64s": types.CPointer(types.int64),
}


def build(into: Path) -> None:
    """Compile all functions of the program into one object file."""
    config.CPU_NAME, config.CPU_FEATURES = _PROCESSOR, ""
    # Only now: what is imported here is compiled for that processor.
    from include.compiled import messages, records, rows

    functions = {
        "judge_records": records.judge_records,
        "unpack_messages": messages.unpack_messages,
        "give_back": messages.give_back,
        "encode_rows": rows.encode_rows,
    }
    module = None
    for name, function in functions.items():
        part = _compile(name, function, program.ARGUMENTS[name])
        if module is None:
            module = part
        else:
            module.link_in(part)
    _require_self_contained(module)
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=_PROCESSOR, opt=3, reloc="pic", codemodel="small"
    )
    code = machine.emit_object(module)
    # LLVM ends the process where it cannot load something: this one then, and not each worker of the stream.
    program.Program(code)
    _write(into, program.sealed(code))


def _compile(name: str, function: Any, arguments: tuple[str, ...]) -> Any:
    kinds = [_KINDS[kind] for kind in arguments]
    made = cfunc(types.int64(*kinds), error_model="numpy", boundscheck=False)(function.py_func)
    module = llvm.parse_assembly(made.inspect_llvm())
    for each in module.functions:
        if each.is_declaration:
            continue
        if each.name == made.native_name:
            each.name = name
        else:
            each.linkage = llvm.Linkage.internal
    _sweep(module)
    return module


def _sweep(module: Any) -> None:
    """Leave out what nothing of ours calls."""
    machine = llvm.Target.from_default_triple().create_target_machine(cpu=_PROCESSOR, opt=3)
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)


def _require_self_contained(module: Any) -> None:
    foreign = {each.name for each in module.functions if each.is_declaration}
    wanted = {name for name in foreign if not name.startswith("llvm.")} - _FOREIGN
    if wanted:
        raise RuntimeError(f"the compiled way asks for what is not there where it runs: {sorted(wanted)}")


def _write(path: Path, content: bytes) -> None:
    """Put the file in its place whole; those of other versions and machines are left to them."""
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_bytes(content)
    fresh.replace(path)

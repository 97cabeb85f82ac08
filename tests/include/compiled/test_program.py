"""The machine code: made by set-up, loaded by anybody, and done without where it is not there."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.compiled.program import SUFFIX, is_made, object_file, unsealed
from include.settings import PROJECT_ROOT

# Judges a record in place and encodes it, and says how: by the compiled way or without it.
WORK = """
import sys
import numpy as np
from include.compiled.judging import judge
from include.compiled.program import the_program
from include.domain.judge import TimeBounds
from include.domain.risk import load_policy
from include.domain.validation import validate
from include.sink.encode import encode_readings
from tests.support.values_in_place import in_place

value = b'{"customer_id":"550e8400-e29b-41d4-a716-446655440000","heart_rate":72,"timestamp":"2026-11-23T08:00:00Z"}'
values, times = [value] * 100 + [b"{"], np.full(101, 1795420800000000, dtype=np.int64)
"""
JUDGE = """
verdict = judge(in_place(values), times, TimeBounds(86400, 300))
rows = encode_readings(verdict.readings, load_policy("default"))
print(len(verdict.readings), len(verdict.rejections), len(rows), the_program() is not None)
"""
BY_THE_COMPILED_WAY, WITHOUT_IT = "100 1 5221 True", "100 1 5221 False"


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Path]:
    """Give a copy of the program without what set-up makes."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT_ROOT / "include", tmp_path / "include", ignore=ignored)
    (tmp_path / "tests").mkdir()
    shutil.copytree(PROJECT_ROOT / "tests" / "support", tmp_path / "tests" / "support", ignore=ignored)
    shutil.copy(PROJECT_ROOT / "pyproject.toml", tmp_path)
    yield tmp_path
    for folder in [tmp_path, *tmp_path.rglob("*")]:
        folder.chmod(0o755)


def run(installation: Path, code: str) -> tuple[str, str]:
    """Run code in a process of its own; return the last line that it prints, and all that it logs."""
    ended = subprocess.run(
        [sys.executable, "-P", "-B", "-c", f"import sys; sys.path.insert(0, {str(installation)!r}); {code}"],
        cwd=installation,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = ended.stdout.strip().splitlines()
    return lines[-1], "\n".join([*lines[:-1], ended.stderr])


def machine_code(installation: Path) -> Path:
    return installation / object_file().relative_to(PROJECT_ROOT)


def install_code(installation: Path, content: bytes) -> None:
    machine_code(installation).parent.mkdir(exist_ok=True)
    machine_code(installation).write_bytes(content)


def test_without_it_the_general_path_does_the_same_and_says_so_once(installation: Path) -> None:
    told, log = run(installation, WORK + JUDGE + JUDGE)

    assert told == WITHOUT_IT
    assert log.count("compiled_pass_missing") == 1
    assert log.count("make setup") == 1


def test_one_that_was_made_on_another_kind_of_machine_is_left_alone(installation: Path) -> None:
    install_code(installation, object_file().read_bytes())

    told, log = run(installation, f"import platform; platform.machine = lambda: 'another'\n{WORK}{JUDGE}")

    assert told == WITHOUT_IT
    assert log.count("compiled_pass_missing") == 1


def test_without_the_library_that_loads_it_the_general_path_does_the_same(installation: Path) -> None:
    install_code(installation, object_file().read_bytes())

    told, log = run(installation, f"import sys; sys.modules['llvmlite'] = None\n{WORK}{JUDGE}{JUDGE}")

    assert told == WITHOUT_IT
    assert log.count("compiled_pass_refused") == log.count("make setup") == 1


@pytest.mark.parametrize("harm", ["cut", "changed", "none of it"])
def test_one_that_is_harmed_is_not_loaded(installation: Path, harm: str) -> None:
    whole = object_file().read_bytes()
    content = {
        "cut": whole[:5000],
        "changed": whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:],
        "none of it": b"",
    }[harm]
    install_code(installation, content)

    told, log = run(installation, WORK + JUDGE)

    assert told == WITHOUT_IT
    assert "compiled_pass_refused" in log


def test_it_is_loaded_where_nothing_can_be_written_and_brings_neither_a_compiler_nor_pandas(
    installation: Path,
) -> None:
    install_code(installation, object_file().read_bytes())
    for path in [*installation.rglob("*"), installation]:
        path.chmod(path.stat().st_mode & ~0o222)

    told, log = run(
        installation,
        f"{WORK}{JUDGE}\nvalidate(values, times, TimeBounds(86400, 300))\n"
        "print(sorted({'numba', 'pandas'} & set(sys.modules)), the_program() is not None)",
    )

    assert told == "[] True"
    assert "compiled_pass" not in log


def test_it_is_loaded_and_works_in_the_memory_that_a_worker_may_take(installation: Path) -> None:
    install_code(installation, object_file().read_bytes())
    least_megabytes = 32

    told, _ = run(
        installation,
        f"{WORK}\nfrom include.sink.worker import limit_memory\nlimit_memory({least_megabytes})\n{JUDGE}",
    )

    assert told == BY_THE_COMPILED_WAY


def test_set_up_makes_it_once_for_these_sources_and_again_for_others(installation: Path) -> None:
    def make() -> int:
        subprocess.run(
            [sys.executable, "-P", "-B", "-m", "include.compiled"], cwd=installation, env=env, check=True
        )
        made = machine_code(installation).parent.glob(f"*{SUFFIX}")
        return max(file.stat().st_mtime_ns for file in made)

    env = {"PYTHONPATH": str(installation), "PATH": "/usr/bin:/bin"}
    # As set-up has made it of the same sources.
    install_code(installation, object_file().read_bytes())
    first, again = machine_code(installation).stat().st_mtime_ns, make()
    source = installation / "include" / "compiled" / "rows.py"
    source.write_text(source.read_text() + "\n")

    assert first == again
    assert make() > first
    assert run(installation, WORK + JUDGE)[0] == BY_THE_COMPILED_WAY


def test_what_kills_the_process_that_loads_it_is_not_put_in_place(installation: Path) -> None:
    loading_kills = "import os; from include.compiled import program; program.Program = lambda _: os._exit(7)"
    making = "from include.compiled.__main__ import main; main()"

    with pytest.raises(subprocess.CalledProcessError) as ended:
        run(installation, f"{loading_kills}\n{making}")

    assert ended.value.returncode == 7
    assert not machine_code(installation).exists()


def test_what_is_made_here_is_whole() -> None:
    assert is_made()
    assert unsealed(object_file().read_bytes()).startswith(b"\x7fELF")

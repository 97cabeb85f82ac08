"""Imports point inward: whatever is started may import include, and include none of it; its rooms form no cycle."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.settings import PROJECT_ROOT
from tests.support.programs import run_python

HOUSES = ("dags", "spark_jobs", "producer", "plugins", "stack", "tools", "tests", "main")
# What a house may not know at all, and what it may know only while it works, not while it is being read.
FORBIDDEN = {
    "include": {*HOUSES, "airflow", "pyspark"},
    "include/domain": {*HOUSES, "airflow", "pyspark", "psycopg", "kafka", "structlog"},
    "producer": {"dags", "spark_jobs", "plugins", "stack", "tools", "tests", "airflow", "pyspark"},
    "spark_jobs": {"dags", "producer", "plugins", "stack", "tools", "tests", "airflow"},
    "dags": {"spark_jobs", "plugins", "stack", "tools", "tests", "pyspark"},
    "plugins": {"dags", "spark_jobs", "producer", "stack", "tools", "tests", "pyspark"},
    "stack": {"dags", "spark_jobs", "producer", "plugins", "tools", "tests", "pyspark"},
}
ONLY_WHILE_IT_WORKS = {"dags": {"producer", "great_expectations", "kafka", "psycopg", "pandas", "pyarrow"}}
# The arrows between include's rooms: each may import those above it that it names, and no others.
ARROWS = {
    "domain": set(),
    "compiled": {"domain"},
    "db": set(),
    "clients": set(),
    "broker": {"compiled", "clients"},
    "wire": {"broker", "domain"},
    "episodes": {"domain"},
    "stream": {"domain", "db", "broker"},
    "watch": {"db", "broker", "stream"},
    "sink": {"domain", "compiled", "db", "broker", "wire", "episodes", "stream"},
    "care": {"domain", "db", "broker", "wire", "stream", "sink"},
    "turn": {"domain", "db", "broker", "wire", "stream", "sink", "care"},
    "quality": {"domain", "db"},
    "expectations": {"domain", "db", "quality"},
    "hourly": {"domain", "db", "broker", "stream", "quality", "expectations"},
    "notices": {"domain", "db"},
    "maintenance": {"db", "notices"},
    "health": {"domain", "db", "broker", "stream", "notices"},
    "alarms": {"domain", "db", "broker", "stream", "episodes"},
    "outbox": {"db", "notices"},
    "limits": {"domain", "db", "episodes"},
    "handling": {"domain", "db", "episodes", "alarms", "limits", "outbox"},
    "report": {"domain", "db", "broker", "stream", "hourly"},
    "truth": {"domain", "db", "broker", "stream"},
    "daily": {"domain", "db", "quality", "outbox", "maintenance"},
    "live": {"domain", "db", "broker", "stream", "hourly", "health", "episodes", "handling"},
    "replay": {"domain", "db", "broker", "wire"},
}
LONGEST_ROOM_LINES = 1_100


def imported(tree: ast.AST, *, at_the_top_only: bool = False) -> Iterator[str]:
    """Yield every imported module, with what is taken from it where that may be a module itself."""
    nodes = tree.body if at_the_top_only and isinstance(tree, ast.Module) else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def houses(names: Iterator[str]) -> set[str]:
    """Return the first words."""
    return {name.partition(".")[0] for name in names}


def rooms(names: Iterator[str]) -> set[str]:
    """Return the rooms of include among them."""
    return {parts[1] for name in names if (parts := name.split("."))[0] == "include" and parts[1] in ARROWS}


def sources(house: str) -> list[Path]:
    return sorted((PROJECT_ROOT / house).rglob("*.py"))


@pytest.mark.parametrize("house", FORBIDDEN)
def test_no_import_points_outward(house: str) -> None:
    wrong = {
        (str(file.relative_to(PROJECT_ROOT)), name)
        for file in sources(house)
        for name in houses(imported(ast.parse(file.read_text())))
        if name in FORBIDDEN[house]
    }

    assert sources(house)
    assert wrong == set()


@pytest.mark.parametrize("house", ONLY_WHILE_IT_WORKS)
def test_what_is_heavy_is_imported_only_where_it_is_used(house: str) -> None:
    wrong = {
        (str(file.relative_to(PROJECT_ROOT)), name)
        for file in sources(house)
        for name in houses(imported(ast.parse(file.read_text()), at_the_top_only=True))
        if name in ONLY_WHILE_IT_WORKS[house]
    }

    assert wrong == set()


def test_the_table_of_arrows_names_every_room() -> None:
    assert set(ARROWS) == {file.parent.name for file in (PROJECT_ROOT / "include").glob("*/__init__.py")}


@pytest.mark.parametrize("room", ARROWS)
def test_a_room_imports_those_rooms_alone_that_the_table_allows(room: str) -> None:
    found = {
        name
        for file in sources(f"include/{room}")
        for name in rooms(imported(ast.parse(file.read_text())))
        if name != room
    }

    assert found - ARROWS[room] == set()


def test_the_arrows_form_no_cycle() -> None:
    assert cycle(ARROWS) is None
    assert cycle({**ARROWS, "domain": {"turn"}}) is not None


def cycle(arrows: dict[str, set[str]]) -> set[str] | None:
    """Return rooms that lead to one another; None where each can be built on those before it."""
    left = {room: set(needs) for room, needs in arrows.items()}
    while free := [room for room, needs in left.items() if not needs]:
        left = {room: needs.difference(free) for room, needs in left.items() if room not in free}
    return set(left) or None


@pytest.mark.parametrize("room", ARROWS)
def test_a_room_is_no_larger_than_a_reader_can_hold(room: str) -> None:
    lines = sum(len(file.read_text().splitlines()) for file in sources(f"include/{room}"))

    assert lines <= LONGEST_ROOM_LINES


def test_include_works_without_anything_around_it(tmp_path: Path) -> None:
    shutil.copytree(PROJECT_ROOT / "include", tmp_path / "include")
    shutil.copy(PROJECT_ROOT / "pyproject.toml", tmp_path)
    modules = [
        ".".join(file.relative_to(PROJECT_ROOT).with_suffix("").parts)
        for file in sources("include")
        if file.stem not in ("__init__", "__main__")
    ]
    statement = f"import importlib; [importlib.import_module(name) for name in {modules}]"

    anew = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {statement}"
    process = run_python("-P", "-c", anew, folder=tmp_path)

    assert process.returncode == 0, process.stderr


def test_the_command_line_is_there_before_what_its_commands_need() -> None:
    heavy = {"numpy", "pyarrow", "kafka", "confluent_kafka", "psycopg", "psutil", "great_expectations"}
    statement = f"import sys, main; print(sorted({heavy} & set(sys.modules)))"

    found = subprocess.run(
        [sys.executable, "-c", statement], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )

    assert found.stdout == "[]\n"


def test_what_is_forbidden_is_found() -> None:
    source = (
        "import os\nfrom include.turn import task\ndef work():\n    from producer.run import run_simulator\n"
        "    import airflow.sdk as sdk\n"
    )

    assert houses(imported(ast.parse(source))) == {"os", "include", "producer", "airflow"}
    assert houses(imported(ast.parse(source), at_the_top_only=True)) == {"os", "include"}
    assert rooms(imported(ast.parse(source))) == {"turn"}

"""Imports point inward: dags, spark_jobs, producer, plugins and stack to include, include to none of them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.settings import PROJECT_ROOT

ROOMS = ("dags", "spark_jobs", "producer", "plugins", "stack", "tools", "tests", "main")
# What a room may not know at all, and what it may know only while it works, not while it is being read.
FORBIDDEN = {
    "include": {*ROOMS, "airflow", "pyspark"},
    "include/domain": {*ROOMS, "airflow", "pyspark", "psycopg", "kafka", "structlog"},
    "producer": {"dags", "spark_jobs", "plugins", "stack", "tools", "tests", "airflow", "pyspark"},
    "spark_jobs": {"dags", "producer", "plugins", "stack", "tools", "tests", "airflow"},
    "dags": {"spark_jobs", "plugins", "stack", "tools", "tests", "pyspark"},
    "plugins": {"dags", "spark_jobs", "producer", "stack", "tools", "tests", "pyspark"},
    "stack": {"dags", "spark_jobs", "producer", "plugins", "tools", "tests", "pyspark"},
}
ONLY_WHILE_IT_WORKS = {"dags": {"producer", "great_expectations", "kafka", "psycopg", "pandas", "pyarrow"}}


def imported(tree: ast.AST, *, at_the_top_only: bool = False) -> Iterator[str]:
    """Yield the first word of every import."""
    nodes = tree.body if at_the_top_only and isinstance(tree, ast.Module) else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def sources(room: str) -> list[Path]:
    return sorted((PROJECT_ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("room", FORBIDDEN)
def test_no_import_points_outward(room: str) -> None:
    wrong = {
        (str(file.relative_to(PROJECT_ROOT)), name)
        for file in sources(room)
        for name in imported(ast.parse(file.read_text()))
        if name in FORBIDDEN[room]
    }

    assert sources(room)
    assert wrong == set()


@pytest.mark.parametrize("room", ONLY_WHILE_IT_WORKS)
def test_what_is_heavy_is_imported_only_where_it_is_used(room: str) -> None:
    wrong = {
        (str(file.relative_to(PROJECT_ROOT)), name)
        for file in sources(room)
        for name in imported(ast.parse(file.read_text()), at_the_top_only=True)
        if name in ONLY_WHILE_IT_WORKS[room]
    }

    assert wrong == set()


def test_what_is_forbidden_is_found() -> None:
    source = (
        "import os\ndef work():\n    from producer.run import run_simulator\n    import airflow.sdk as sdk\n"
    )

    assert set(imported(ast.parse(source))) == {"os", "producer", "airflow"}
    assert set(imported(ast.parse(source), at_the_top_only=True)) == {"os"}

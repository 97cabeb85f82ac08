"""Each task reaches the database by Airflow's connections: nothing else in its process knows a password."""

import ast
from collections.abc import Iterator

from include.settings import PROJECT_ROOT

# It sends to the broker alone.
WITHOUT_A_DATABASE = {"simulate"}


def tasks() -> Iterator[tuple[str, set[str]]]:
    """Yield each task that is written as a function, with the names of its decorators."""
    for file in sorted((PROJECT_ROOT / "dags").glob("*_dag.py")):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                called = [each.func if isinstance(each, ast.Call) else each for each in node.decorator_list]
                names = {each.id for each in called if isinstance(each, ast.Name)}
                if "task" in names:
                    yield node.name, names


def test_no_part_of_the_product_logs_in_past_what_it_is_handed() -> None:
    """A password that is taken from the settings would be missing where a task runs."""
    # Who opens sessions by the settings, and who makes the connections.
    may = [PROJECT_ROOT / "include" / room for room in ("db", "stack")]
    rooms = [PROJECT_ROOT / room for room in ("include", "dags", "spark_jobs", "plugins")]
    files = [file for room in rooms for file in room.rglob("*.py")]
    own = [file for file in files if not any(room in file.parents for room in may)]

    assert [file.name for file in own if ".password(" in file.read_text()] == []


def test_every_task_opens_its_sessions_by_connections_or_opens_none() -> None:
    found = dict(tasks())

    assert {
        name for name, decorators in found.items() if "by_connections" not in decorators
    } == WITHOUT_A_DATABASE
    assert len(found) > len(WITHOUT_A_DATABASE)

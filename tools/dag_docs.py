"""Write docs/dags.md from the workflows themselves: `python -m tools.dag_docs`, or `--check` to only compare.

Exit code 1 when the file is not what the workflows say.
"""

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from include.settings import ENV_FILE_KEY, FIELDS

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "dags.md"
HEAD = """\
# The workflows

Written by `make docs` from the files in `dags/`; a change here is lost, a difference fails the tests.
"""


def main(arguments: list[str]) -> None:
    """Write or check the file."""
    text = document(_load_workflows())
    if arguments == ["--check"]:
        if not TARGET.exists() or TARGET.read_text() != text:
            sys.exit(f"{TARGET.relative_to(ROOT)} is not what the workflows say: run 'make docs'")
        return
    TARGET.write_text(text)


def document(workflows: Iterable[Any]) -> str:
    """Return the page: each workflow with its own words, its facts, its tasks and its form."""
    parts = [HEAD]
    for workflow in sorted(workflows, key=lambda workflow: str(workflow.dag_id)):
        parts += ["\n".join(_section(workflow))]
    return "\n".join(parts)


def _section(workflow: Any) -> Iterator[str]:
    title, _, words = workflow.doc_md.strip().partition("\n")
    yield f"#{title}\n\n{words.strip()}\n"
    yield f"- **Name** `{workflow.dag_id}`, tags {', '.join(f'`{tag}`' for tag in sorted(workflow.tags))}"
    yield f"- **Runs** {_schedule(workflow)}"
    yield "\n| task | after | retries | at most |\n|---|---|---|---|"
    for task in workflow.topological_sort():
        after = ", ".join(f"`{name}`" for name in sorted(task.upstream_task_ids)) or "-"
        yield f"| `{task.task_id}` | {after} | {task.retries} | {_duration(task.execution_timeout)} |"
    if workflow.params:
        yield "\n| param | default | limits | meaning |\n|---|---|---|---|"
        for name in workflow.params:
            yield _param_row(name, workflow.params.get_param(name))
    yield ""


def _schedule(workflow: Any) -> str:
    if workflow.timetable.__class__.__name__ == "NullTimetable":
        return "by hand"
    if expression := getattr(workflow.timetable, "expression", None):
        return f"at `{expression}` UTC"
    return "again as soon as a run has ended"


def _duration(limit: timedelta | None) -> str:
    if limit is None:
        return "without end"
    seconds = int(limit.total_seconds())
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _param_row(name: str, param: Any) -> str:
    default = (
        "-" if param.value is None else f"`{param.value}`" if not isinstance(param.value, list) else "all"
    )
    return f"| `{name}` | {default} | {_limits(param.schema) or '-'} | {param.description} |"


def _limits(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    words = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to"}
    return " ".join(f"{word} {schema[key]:,}" for key, word in words.items() if key in schema)


def _load_workflows() -> list[Any]:
    """Let Airflow read the files, with a home of its own: it stays in this process."""
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {
            # A schedule that is set is told as it is by default.
            ENV_FILE_KEY: os.devnull,
            "REPORT_AT": str(FIELDS["report_at"].default),
            "AIRFLOW_HOME": home,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        }
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(str(ROOT / "dags"))
        if bag.import_errors:
            sys.exit("\n".join(bag.import_errors.values()))
        return list(bag.dags.values())


if __name__ == "__main__":
    main(sys.argv[1:])

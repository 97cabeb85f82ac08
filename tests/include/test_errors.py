"""Errors travel whole, and each is raised with the values that its message names: no type checker sees to it."""

import ast
import pickle
from collections.abc import Iterator
from string import Formatter

from include.errors import HealthCheckFailedError, TransientError
from include.settings import PROJECT_ROOT

HOUSES = ("include", "stack", "producer", "spark_jobs", "dags", "plugins", "tools", "tests")
TREES = {
    file: ast.parse(file.read_text()) for house in HOUSES for file in (PROJECT_ROOT / house).rglob("*.py")
}


def test_a_pickled_error_has_its_kind_its_text_and_its_values() -> None:
    error = HealthCheckFailedError(failed=["lag", "disk"], summary="much {waits}")

    again = pickle.loads(pickle.dumps(error))  # noqa: S301

    assert type(again) is HealthCheckFailedError
    assert str(again) == str(error) == "2 checks failed: much {waits}"
    assert again.failed == ("lag", "disk")


def test_an_error_may_be_raised_with_its_text_alone() -> None:
    assert str(TransientError("not {this} one")) == "not {this} one"


def messages() -> Iterator[tuple[str, set[str], set[str]]]:
    """Yield each error that has a message and no way of its own to be made: its name, what is named, what may be."""
    for node in (
        node for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    ):
        made = {
            target.id: part.value
            for part in node.body
            if isinstance(part, ast.Assign)
            for target in part.targets
            if isinstance(target, ast.Name)
        }
        declared = {part.target.id for part in node.body if isinstance(part, ast.AnnAssign)}
        has_own_way = any(isinstance(part, ast.FunctionDef) for part in node.body)
        if node.name.endswith("Error") and "message" in made and not has_own_way:
            named = {
                field for _, field, _, _ in Formatter().parse(ast.literal_eval(made["message"])) if field
            }
            yield node.name, named, declared


def test_each_error_is_raised_with_the_values_that_its_message_names() -> None:
    known = {name: (named, declared) for name, named, declared in messages()}
    raised = [
        (file.name, node.lineno, node.func.id, {keyword.arg for keyword in node.keywords})
        for file, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in known
        and not node.args
    ]

    assert len(known) > 30
    assert {name for _, _, name, _ in raised} > {"FencedError", "PortTakenError", "TopicMissingError"}
    wrong = [
        (*where, name, given)
        for *where, name, given in raised
        if not known[name][0] <= given <= known[name][0] | known[name][1]
    ]
    assert wrong == []

"""Each SQL file says what it takes, takes just that, is given just that by who calls it, and is called."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from include.settings import PROJECT_ROOT

# Migrations are run by their numbers; the statements below are told apart by room and name.
STATEMENTS = [
    path for path in sorted((PROJECT_ROOT / "include").glob("*/sql/*.sql")) if "migrations" not in path.parts
]
CALLERS = ("include", "tools", "dags", "plugins", "spark_jobs", "stack", "producer")
_TYPES = "uuid|text|int|bigint|timestamp|date|jsonb|bytea|bool|boolean|interval|double precision"
_DECLARED = re.compile(rf"((?:[a-z_0-9]+, )*[a-z_0-9]+) (?:{_TYPES})(?:\[\])?(?![\w\[])")
_EACH_COLUMN = "one for each column of the same name"
_COLUMNS = re.compile(r"insert into \w+ \(([^)]*)\)")
_PLACEHOLDER = re.compile(r"%\(([a-z_0-9]+)\)s")


class Call(NamedTuple):
    """A place that runs a statement: what it hands over for sure, and whether that is all."""

    place: str
    names: frozenset[str]
    is_whole: bool


def header_of(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if line.startswith("--"))


def declared_by(text: str) -> set[str]:
    """Return the parameters that a header declares: `names type: what they are; names type`, or the columns' names."""
    params = re.search(r"^-- Params:(.*?)(?=^-- [A-Z]\w+: |\Z)", header_of(text), re.MULTILINE | re.DOTALL)
    if params is None:
        return set()
    words = " ".join(re.sub(r"^--", "", params[1], flags=re.MULTILINE).split())
    if words == _EACH_COLUMN:
        [columns] = _COLUMNS.findall(text)
        return set(re.split(r",\s+", columns.strip()))
    declarations = [entry.partition(":")[0] for entry in words.split(";")]
    return {name for each in declarations for names in _DECLARED.findall(each) for name in names.split(", ")}


def placeholders_of(text: str) -> set[str]:
    return set(_PLACEHOLDER.findall(text))


@cache
def modules() -> dict[Path, ast.Module]:
    files = [path for house in CALLERS for path in sorted((PROJECT_ROOT / house).rglob("*.py"))]
    return {path: ast.parse(path.read_text()) for path in files}


def keys_of(node: ast.expr | None, scope: ast.AST, tree: ast.Module) -> tuple[set[str], bool]:
    """Return the keys of an expression that makes a dictionary, and whether these are all."""
    if node is None:
        return set(), True
    if isinstance(node, ast.Dict):
        names, is_whole = set[str](), True
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant):
                names.add(str(key.value))
            else:  # ** of another one
                more, is_known = keys_of(value if key is None else None, scope, tree)
                names, is_whole = names | more, is_whole and key is None and is_known
        return names, is_whole
    if isinstance(node, ast.Name):
        return keys_of_all(_assigned(node.id, scope), scope, tree)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        made_by = [
            each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == node.func.id
        ]
        returned = [each.value for f in made_by for each in ast.walk(f) if isinstance(each, ast.Return)]
        return keys_of_all(returned, made_by[0], tree) if len(returned) == 1 else (set(), False)
    return set(), False


def keys_of_all(found: list[ast.expr | None], scope: ast.AST, tree: ast.Module) -> tuple[set[str], bool]:
    return keys_of(found[0], scope, tree) if len(found) == 1 and found[0] is not None else (set(), False)


def _assigned(name: str, scope: ast.AST) -> list[ast.expr | None]:
    return [
        node.value
        for node in ast.walk(scope)
        if isinstance(node, ast.Assign)
        and [target.id for target in node.targets if isinstance(target, ast.Name)] == [name]
    ]


@cache
def calls() -> dict[str, list[Call]]:
    """Find the calls `something(query("room/name"), values)`, by the statement."""
    found: dict[str, list[Call]] = {}
    for path, tree in modules().items():
        for scope in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
            for node in ast.walk(scope):
                if not isinstance(node, ast.Call) or not node.args or not (asked := _asked(node.args[0])):
                    continue
                given = node.args[1] if len(node.args) > 1 else None
                if isinstance(node.func, ast.Attribute) and node.func.attr == "executemany":
                    names, is_whole = _rows(given, scope, tree)
                else:
                    names, is_whole = keys_of(given, scope, tree)
                place = f"{path.relative_to(PROJECT_ROOT)}:{node.lineno}"
                found.setdefault(asked, []).append(Call(place, frozenset(names), is_whole))
    return found


def _rows(given: ast.expr | None, scope: ast.AST, tree: ast.Module) -> tuple[set[str], bool]:
    row = given.elt if isinstance(given, ast.ListComp) else None
    return keys_of(row, scope, tree) if row is not None else (set(), False)


def _asked(node: ast.expr) -> str | None:
    """Return the statement that an expression asks for."""
    is_query = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "query"
    names = (
        [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
        if isinstance(node, ast.Call)
        else []
    )
    return str(names[0]) if is_query and names else None


@cache
def named() -> frozenset[str]:
    """Return what is named as a statement: `room/name` anywhere, or the bare name in the room's own code."""
    texts = [
        (path.parts[-2], node.value)
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return frozenset([text for _, text in texts] + [f"{room}/{text}" for room, text in texts])


def name_of(statement: Path) -> str:
    return f"{statement.parts[-3]}/{statement.stem}"


@pytest.mark.parametrize("statement", STATEMENTS, ids=name_of)
def test_a_header_declares_what_its_statement_takes(statement: Path) -> None:
    text = statement.read_text()

    assert text.startswith("-- ")
    assert declared_by(text) == placeholders_of(text)


@pytest.mark.parametrize("statement", STATEMENTS, ids=name_of)
def test_a_statement_is_called_and_given_what_its_header_declares(statement: Path) -> None:
    declared = declared_by(statement.read_text())
    wrong = [
        call
        for call in calls().get(name_of(statement), [])
        if call.names - declared or (call.is_whole and call.names != declared)
    ]

    assert name_of(statement) in named()
    assert wrong == []


def test_a_room_runs_its_own_statements_alone() -> None:
    borrowed = [
        (call.place, statement)
        for statement, found in calls().items()
        for call in found
        if call.place.startswith("include/") and call.place.split("/")[1] != statement.partition("/")[0]
    ]

    assert borrowed == []


def test_most_calls_can_be_read() -> None:
    found = [call for each in calls().values() for call in each]

    assert len(found) > 0.9 * len(STATEMENTS)
    assert sum(call.is_whole for call in found) > 0.8 * len(found)


def test_a_header_and_a_caller_that_differ_are_noticed() -> None:
    header = "-- Do it.\n-- Params:  hours timestamp[]; least, most int: as many, in text\n-- Returns: id int"
    source = "def work(c):\n    more = {'b': 1}\n    c.execute(query('x'), {'a': 1, **more, **other()})"
    tree = ast.parse(source)
    [function] = tree.body
    [call] = [node for node in ast.walk(function) if isinstance(node, ast.Call) and len(node.args) == 2]

    assert declared_by(header) == {"hours", "least", "most"}
    assert keys_of(call.args[1], function, tree) == ({"a", "b"}, False)

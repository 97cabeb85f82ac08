"""The product's statements, told from what a server receives."""

import re
from functools import cache

from include.db.queries import query
from include.settings import PROJECT_ROOT

# A file is named by its verb; these change nothing and lock nothing that outlasts them.
_READING_VERBS = ("select", "count", "read", "sum")
# Of statements that stand in no file.
_PASSING_WORDS = ("select", "show", "set", "begin", "rollback", "deallocate")
_NUMBER = re.compile(r"\b\d+\b")
_PLACEHOLDER = re.compile(r"%\(\w+\)s|%s|\$\?")


def told_apart(text: str) -> str:
    """Return a statement without what differs from one time to the next: line breaks, numbers, placeholders."""
    plain = " ".join(text.replace("%%", "%").rstrip(";\n ").split())
    return _NUMBER.sub("?", _PLACEHOLDER.sub("$?", _NUMBER.sub("?", plain)))


def name_of(text: str) -> str:
    """Return the room and name of one of the product's own statements, else its first words."""
    prefix, statement = ("end of ", text[7:]) if text.startswith("end of ") else ("", text)
    return prefix + _names().get(told_apart(statement), told_apart(statement)[:60])


def is_reading(name: str) -> bool:
    """Tell whether a statement of this name (see `name_of`) leaves the server as it was."""
    room, _, own = name.partition("/")
    if own:
        return not room.startswith("end of") and own.startswith(_READING_VERBS)
    return name.lower().startswith(_PASSING_WORDS)


def writing_statements(*rooms: str) -> set[str]:
    """Return the names of the statements of these rooms that do more than read."""
    names = (name for name in _names().values() if name.partition("/")[0] in rooms)
    return {name for name in names if not is_reading(name)}


@cache
def _names() -> dict[str, str]:
    names = {}
    for file in (PROJECT_ROOT / "include").glob("*/sql/*.sql"):
        name = f"{file.parent.parent.name}/{file.stem}"
        names[told_apart(query(name))] = name
    return names

"""All that can be done, by name."""

from tests.storm.action import Action
from tests.storm.kinds import operators, processes, records, servers

KINDS: dict[str, Action] = {
    kind.name: kind()
    for room in (operators, processes, records, servers)
    for kind in vars(room).values()
    if isinstance(kind, type) and issubclass(kind, Action) and kind is not Action
}

"""The table of the stack's parts, in the order in which they are started."""

from include.settings import Settings
from include.stack.kafka import Kafka
from include.stack.postgres import Postgres
from include.stack.types import Part


def parts_of(settings: Settings) -> tuple[Part, ...]:
    """Return the parts; they are stopped in the opposite order."""
    return (Postgres(settings), Kafka(settings))

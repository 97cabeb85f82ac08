"""The table of the stack's parts, in the order in which they are started."""

from include.settings import Settings
from stack.airflow.part import Airflow
from stack.kafka import Kafka
from stack.postgres import Postgres
from stack.types import Part


def parts_of(settings: Settings) -> tuple[Part, ...]:
    """Return all parts that a stack can have; they are stopped in the opposite order."""
    return (Postgres(settings), Kafka(settings), Airflow(settings))


def stages_of(settings: Settings) -> tuple[tuple[Part, ...], ...]:
    """Return the parts that are wanted: those of a stage start side by side, once the stage before answers."""
    postgres, kafka = Postgres(settings), Kafka(settings)
    if not settings.stack.with_airflow:
        return ((postgres, kafka),)
    # Airflow first makes its tables, which takes longer than the broker's whole start.
    return ((postgres,), (kafka, Airflow(settings)))

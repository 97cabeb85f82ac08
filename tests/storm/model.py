"""What has been done to the pipeline, and what is known of it from outside. Nothing here asks the product."""

from dataclasses import dataclass, field

# The readings that come late all the time are of this hour: so many before the one in which the storm begins.
LATE_HOUR = 3
FIRST_PARTITIONS, MOST_PARTITIONS = 2, 12
# What a fresh pipeline of the storm is set to; each key has the values that an operator goes through.
CHOICES = {
    "STREAM_LEASE_RENEW_SECONDS": ("1", "0.3", "2"),
    "STREAM_TURN_SECONDS": ("10", "5", "30"),
    "STREAM_MAX_RECORDS_PER_BATCH": ("50000", "100", "5000"),
}
RETENTION_DAYS = (90, 75, 60, 45, 30)


def first_settings() -> dict[str, str]:
    """Return what each key is set to in the beginning."""
    return {key: values[0] for key, values in CHOICES.items()}


@dataclass
class Model:
    """The state that actions change; a plan is drawn on one of these, and carried out on another."""

    partitions: int = FIRST_PARTITIONS
    # Hours of which readings were sent, by how many they lie before the first.
    hours: set[int] = field(default_factory=lambda: {LATE_HOUR})
    retention_days: int = RETENTION_DAYS[0]
    settings: dict[str, str] = field(default_factory=first_settings)
    # By partition the offset behind the last record that the broker has acknowledged to an action.
    acknowledged: dict[int, int] = field(default_factory=dict)
    # Of which settling has been told that they are published: they stay known for ever.
    published: set[int] = field(default_factory=set)

    def note_acknowledged(self, partition: int, offset: int) -> None:
        """Note a record's place: the stream has to pass it."""
        self.acknowledged[partition] = max(self.acknowledged.get(partition, 0), offset + 1)

"""Whether the accounting holds. Pure decisions."""

from include.report.types import PartitionAccount

SHORTEST_PACE_SECONDS = 5.0


def find_problems(
    accounts: list[PartitionAccount], *, reading_count: int, dead_letter_count: int
) -> list[str]:
    """Return a sentence for each contradiction between ledger and tables; none if everything adds up."""
    problems = []
    for account in accounts:
        where = f"{account.topic} partition {account.partition}"
        done = account.next_offset - account.start_offset
        noted = account.covered + account.gap - account.rewound
        if done != noted:
            problems.append(f"{where}: {done} offsets are done, but the commits cover {noted}")
        if account.records > account.covered:
            problems.append(f"{where}: {account.records} outcomes for {account.covered} offsets")
    accepted = sum(account.accepted for account in accounts)
    quarantined = sum(account.quarantined for account in accounts)
    if accepted != reading_count:
        problems.append(f"the ledger accepted {accepted} readings, but heartbeats holds {reading_count}")
    if quarantined != dead_letter_count:
        problems.append(
            f"the ledger quarantined {quarantined} records, but dead_letters holds {dead_letter_count}"
        )
    return problems


def pace_per_second(records: int, seconds: float) -> float | None:
    """Return the records per second between a launch's first and last commit; None if that is too short.

    A ledger row covers up to a second, so a few rows say nothing about how fast the launch was.
    """
    return records / seconds if seconds >= SHORTEST_PACE_SECONDS else None

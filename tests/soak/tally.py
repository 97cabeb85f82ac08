"""What became of the numbered records, held against what has to become of them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.soak.numbered import Expected
from tests.support.trials.trial import Account


@dataclass(frozen=True, slots=True)
class Found:
    """What the database holds of a partition: rows, how many of them differ, and what the ledger says."""

    readings: int = 0
    different_readings: int = 0
    number_sum: int = 0
    letters: int = 0
    different_letters: int = 0
    accepted: int = 0
    duplicates: int = 0
    quarantined: int = 0


@dataclass(slots=True)
class Tally:
    """The account of all partitions; `problems` are what does not add up, in words."""

    account: Account
    problems: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Tell whether each record has its one outcome."""
        return (
            not (self.account.lost or self.account.doubled or self.problems) and self.account.acknowledged > 0
        )


def tally_up(
    expected: Mapping[int, Expected],
    acknowledged: Mapping[int, int],
    held: Mapping[int, int],
    found: Mapping[int, Found],
) -> Tally:
    """Compare partition by partition; `held` is how many records the broker has."""
    tally = Tally(Account("the kills"))
    account = tally.account
    for partition, wanted in expected.items():
        seen = found.get(partition, Found())
        account.acknowledged += acknowledged.get(partition, 0)
        account.accepted += seen.accepted
        account.duplicates += seen.duplicates
        account.quarantined += seen.quarantined
        account.lost += _lost(wanted, seen)
        account.doubled += _doubled(wanted, seen)
        pairs = {
            "records acknowledged": (acknowledged.get(partition, 0), wanted.records),
            "records at the broker": (held.get(partition, 0), wanted.records),
            "readings by the ledger": (seen.accepted, seen.readings),
            "letters by the ledger": (seen.quarantined, seen.letters),
            "duplicates by the ledger": (seen.duplicates, wanted.duplicates),
            "the sum of the readings' numbers": (seen.number_sum, wanted.number_sum),
        }
        tally.problems += [
            f"partition {partition}: {what}: {number:,} in place of {right:,}"
            for what, (number, right) in pairs.items()
            if number != right
        ]
    return tally


def _lost(wanted: Expected, seen: Found) -> int:
    return sum(
        max(right - number, 0)
        for number, right in (
            (seen.different_readings, wanted.accepted),
            (seen.different_letters, wanted.quarantined),
            (seen.duplicates, wanted.duplicates),
        )
    )


def _doubled(wanted: Expected, seen: Found) -> int:
    twice = seen.readings - seen.different_readings + seen.letters - seen.different_letters
    outcomes = seen.accepted + seen.duplicates + seen.quarantined
    return max(twice, outcomes - wanted.records, 0)

"""The accounting notices each way in which ledger and tables can disagree."""

from dataclasses import replace
from uuid import UUID

import pytest

from include.report.rules import find_problems, pace_per_second
from include.report.types import PartitionAccount

SOUND = PartitionAccount(
    "t", UUID(int=1), 0, 100, 200, accepted=70, duplicates=10, quarantined=5, gap=15, rewound=0, covered=85
)


def problems(account: PartitionAccount, *, readings: int = 70, letters: int = 5) -> list[str]:
    return find_problems([account], reading_count=readings, dead_letter_count=letters)


def test_a_sound_ledger_has_no_problem() -> None:
    assert problems(SOUND) == []
    assert problems(replace(SOUND, rewound=10, covered=95)) == []
    assert problems(replace(SOUND, duplicates=8)) == []  # two offsets held no record


@pytest.mark.parametrize(
    ("account", "readings", "letters", "complaint"),
    [
        (replace(SOUND, next_offset=201), 70, 5, "101 offsets are done, but the commits cover 100"),
        (replace(SOUND, gap=14), 70, 5, "the commits cover 99"),
        (replace(SOUND, duplicates=11), 70, 5, "86 outcomes for 85 offsets"),
        (SOUND, 69, 5, "heartbeats holds 69"),
        (SOUND, 70, 6, "dead_letters holds 6"),
    ],
)
def test_each_contradiction_is_named(
    account: PartitionAccount, readings: int, letters: int, complaint: str
) -> None:
    [problem] = problems(account, readings=readings, letters=letters)

    assert complaint in problem


def test_a_launch_that_has_hardly_begun_has_no_pace() -> None:
    assert pace_per_second(90_000, 0.02) is None
    assert pace_per_second(90_000, 0) is None
    assert pace_per_second(90_000, 9) == 10_000

"""When customers are looked at for silence: one plan for each, however often one is made."""

from include.alarms.silences import SilenceChecks
from include.episodes.policy import load_alarm_policy
from include.episodes.rules_in_force import EVER, timeline
from include.episodes.tracker import Tracker
from tests.support.plain_alarms import SECOND

CUSTOMER = b"0123456789abcdef"
RULES = timeline([(EVER, load_alarm_policy("default"))])


class CountedTracker(Tracker):
    """Counts how often it was asked whether it is silent."""

    __slots__ = ("asked",)

    def __init__(self) -> None:
        super().__init__(RULES)
        self.asked = 0

    def is_silent(self, progress_us: int) -> bool:
        self.asked += 1
        return super().is_silent(progress_us)


def test_a_customer_who_is_planned_again_and_again_is_looked_at_once_in_a_while() -> None:
    tracker, checks = CountedTracker(), SilenceChecks()
    for at in range(0, 600, 10):
        tracker.take(at * SECOND, 70)
        checks.plan(CUSTOMER, tracker)
    for at in range(600, 6000, 10):
        tracker.take(at * SECOND, 70)
        assert list(checks.silent_customers({CUSTOMER: tracker}, at * SECOND)) == []

    assert tracker.asked <= 6000 / 120 + 1


def test_an_earlier_plan_takes_the_place_of_a_later_one() -> None:
    late, early, checks = Tracker(RULES), Tracker(RULES), SilenceChecks()
    late.take(1000 * SECOND, 70)
    early.take(0, 70)
    checks.plan(CUSTOMER, late)
    checks.plan(CUSTOMER, early)

    assert list(checks.silent_customers({CUSTOMER: early}, 121 * SECOND)) == [CUSTOMER]

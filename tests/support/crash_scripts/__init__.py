"""What is done again and again, each time with another statement at which it comes to grief."""

from tests.support.crash_scripts.hours import Acceptances, Passings, Settlings, TakeBacks
from tests.support.crash_scripts.launches import Fences, GrowingTopic, Launches, OddLaunches
from tests.support.crash_scripts.replays import Replays
from tests.support.crash_scripts.upkeep import Upkeep

SCRIPTS = (
    Launches, OddLaunches, GrowingTopic, Fences, Replays, Upkeep, Settlings, Acceptances, TakeBacks, Passings,
)  # fmt: skip

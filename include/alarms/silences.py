"""When to look whether a customer has fallen silent: nothing comes in by then that would ask for a look."""

from collections.abc import Iterator, Mapping
from heapq import heappop, heappush

from include.episodes.tracker import Tracker


class SilenceChecks:
    """The instants of the stream's progress past which to look at a customer, one for each; `planned` says which."""

    def __init__(self) -> None:
        self.planned: dict[bytes, int] = {}
        self._due: list[tuple[int, bytes]] = []

    def plan(self, customer: bytes, tracker: Tracker) -> None:
        """Look at a customer once the stream has come far enough beyond the newest reading."""
        if tracker.times_us:
            last_us = tracker.times_us[-1]
            self._plan_at(last_us + tracker.timeline.at(last_us).quiet_us, customer)

    def silent_customers(self, trackers: Mapping[bytes, Tracker], progress_us: int) -> Iterator[bytes]:
        """Look at those who are due, yield who is silent, and plan the next looks."""
        while self._due and self._due[0][0] < progress_us:
            due_us, customer = heappop(self._due)
            if self.planned.get(customer) != due_us:
                continue  # an earlier look has taken its place since
            del self.planned[customer]
            tracker = trackers[customer]
            if tracker.is_silent(progress_us):
                yield customer
            next_us = tracker.next_check_us(progress_us)
            if next_us is not None:
                # The median may be less by then: nobody is looked at less often than that.
                quiet_us = tracker.timeline.at(tracker.times_us[-1]).quiet_us
                self._plan_at(min(next_us, progress_us + quiet_us), customer)

    def _plan_at(self, due_us: int, customer: bytes) -> None:
        planned_us = self.planned.get(customer)
        if planned_us is None or due_us < planned_us:
            heappush(self._due, (due_us, customer))
            self.planned[customer] = due_us

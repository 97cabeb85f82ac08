"""Settle hours: sum them, check them, and publish or withhold each, all from one snapshot of the readings.

One snapshot, because late readings come all the time: what was checked must be exactly what is published. So
the steps are one transaction, and the checks' own records go through a second session that commits at once. The
transaction writes nothing that the stream writes, so neither ever waits for the other or fails because of it.

Settling an hour again when nothing is new changes no rows except the log of the checks. If only the checks find
something else, the hour stands by the new run, and what is published stays as it is. A withheld hour has no rows in the
hourly tables: those of an earlier revision are deleted, since its readings are in doubt.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from psycopg import IsolationLevel, errors

from include.db.connect import Connection, Role, connect, readable_errors
from include.db.locks import holding
from include.domain.hours import as_hour, hour_name
from include.domain.risk import POLICY_FOLDER, RiskPolicy, load_policy
from include.errors import (
    DatabaseUnavailableError,
    HeartbeatError,
    HoursUnjudgedError,
    HoursWithheldError,
    PermanentError,
    SettingsError,
    SettlingBusyError,
    TransientError,
)
from include.hourly import store
from include.hourly.rules import bands_in_force, decide, in_groups, policy_spans, require_kept_hour
from include.hourly.types import Decision, HourState, Settlement
from include.log import get_logger
from include.quality.policy import load_quality_policy
from include.quality.run import check_hours
from include.quality.store import finish_run, read_changed_findings
from include.settings import Settings

if TYPE_CHECKING:
    from include.expectations.suite import HourSuite

SETTLING_LOCK = "heartbeat-hourly"
MAX_GROUP_HOURS = 100
MAX_GROUP_READINGS = 2_000_000
# What keeps every hour from being settled, not one.
_OF_ALL_HOURS = (SettlingBusyError, DatabaseUnavailableError, SettingsError)

log = get_logger()


def chosen_hour(settings: Settings, hour: str) -> datetime:
    """Return the hour that was asked for; raise OptionError if it can never be settled."""
    now = datetime.now(UTC).replace(tzinfo=None)
    return require_kept_hour(as_hour(hour), now=now, kept_days=settings.retention_days.stored_readings)


def settle_hour(settings: Settings, hour: datetime, *, workflow_run: str | None = None) -> Settlement:
    """Check one hour and publish or withhold it, even if nothing is new. The stream must have passed it."""
    with _session(settings, workflow_run) as session:
        return _settle_group(session, [hour])


def settle_due(settings: Settings, *, before: datetime, workflow_run: str | None = None) -> Settlement:
    """Settle every hour that ended by `before` and is not published as it stands, in groups, oldest first.

    These are hours with late readings, hours that no run has seen, and hours withheld so far. Each group is committed
    on its own, so the work of a run that breaks off is not lost; what such a run has not marked as done is marked here.
    Raise HoursUnjudgedError if some hours could not be judged, once all others are settled.
    """
    with readable_errors(settings), connect(settings, Role.HOURLY, autocommit=True) as connection:
        store.run_for(connection, "update_noted_hours", store.read_left_hours(connection))
        due = store.read_due_hours(connection, before)
    if not due:
        return Settlement()
    groups = in_groups(due, max_hours=MAX_GROUP_HOURS, max_readings=MAX_GROUP_READINGS)
    with _session(settings, workflow_run) as session:
        return _settle_each(session, groups)


def require_published(settings: Settings, hour: datetime) -> dict[str, object]:
    """Return the published hour's figures; raise HoursWithheldError with the reason if it is withheld."""
    with readable_errors(settings), connect(settings, Role.HOURLY, autocommit=True) as connection:
        status = store.read_status(connection, [hour]).get(hour)
    if status is None or status.state == HourState.OPEN:
        raise PermanentError(f"hour {hour_name(hour)} has never been settled: run its settling first")
    if status.state == HourState.WITHHELD:
        raise HoursWithheldError(hours=[hour_name(hour)], reason=status.reason or "")
    return {
        "hour": hour.isoformat(),
        "readings": status.readings,
        "revision": status.revision,
        "held_back": status.held_back,
        "quality_run": status.run_id,
    }


def require_none_withheld(settlement: Settlement) -> None:
    """Raise HoursWithheldError if an hour is withheld that was not withheld before."""
    withheld = settlement.newly_withheld
    if withheld:
        raise HoursWithheldError(
            hours=[hour_name(decision.hour) for decision in withheld],
            reason=withheld[0].verdict.reason or "",
        )


@dataclass(frozen=True, slots=True)
class _Settling:
    """What it takes to settle a group: `snapshot` sees the database at one instant, `log` commits at once."""

    snapshot: Connection
    log: Connection
    suite: "HourSuite"
    risk_policies: Sequence[RiskPolicy]
    settings: Settings
    workflow_run: str | None


@contextmanager
def _session(settings: Settings, workflow_run: str | None) -> Iterator[_Settling]:
    from include.expectations.suite import HourSuite  # Great Expectations takes seconds to import

    quality_policy = load_quality_policy(settings.hourly.quality_policy)
    risk_policies = [load_policy(file.stem) for file in sorted(POLICY_FOLDER.glob("*.json"))]
    with (
        readable_errors(settings),
        connect(settings, Role.HOURLY, autocommit=True) as snapshot,
        connect(settings, Role.HOURLY, autocommit=True) as log_connection,
        # Nobody waits for the lock: a waiting task would occupy a slot of Airflow that the stream may need.
        holding(log_connection, SETTLING_LOCK, else_raise=SettlingBusyError()),
    ):
        snapshot.isolation_level = IsolationLevel.REPEATABLE_READ
        suite = HourSuite(settings, quality_policy, log_connection)
        try:
            yield _Settling(snapshot, log_connection, suite, risk_policies, settings, workflow_run)
        except errors.SerializationFailure:
            raise TransientError(
                "another session changed the hours while they were settled: try again"
            ) from None
        finally:
            suite.close()


def _settle_each(session: _Settling, groups: Iterable[Sequence[datetime]]) -> Settlement:
    """Settle all groups; one that fails is settled again hour by hour, so that only the hours at fault stay undone."""
    settlement, failed, waiting = Settlement(), dict[datetime, HeartbeatError](), deque(groups)
    while waiting:
        hours = waiting.popleft()
        try:
            settlement += _settle_group(session, hours)
        except _OF_ALL_HOURS:
            raise
        except HeartbeatError as error:
            if len(hours) > 1:
                waiting.extendleft([hour] for hour in reversed(hours))
                continue
            failed[hours[0]] = error
            log.error("hour_not_settled", hour=str(hours[0]), problem=str(error))
    if failed:
        raise HoursUnjudgedError(
            hours=[hour_name(hour) for hour in failed],
            withheld=[hour_name(decision.hour) for decision in settlement.newly_withheld],
            reason=str(next(iter(failed.values()))),
        )
    return settlement


def _settle_group(session: _Settling, hours: Sequence[datetime]) -> Settlement:
    """Settle hours, in one transaction, in this order:

    1. clear the requests to settle these hours again
    2. skip the hours whose readings retention has dropped
    3. end what was accepted of an hour of which readings have come since
    4. sum the readings, hold back customers whose records were mostly rejected, and measure and judge each hour
    5. publish the hours that pass and whose sums have changed, delete the sums of those that fail
    6. store the decisions, and how many readings the stream had counted

    Readings that the stream counts meanwhile change that number, so the next run finds them; new requests stay.
    """
    with session.snapshot.transaction():
        store.run_for(session.snapshot, "delete_reopened_hours", hours)
        dropped = store.read_dropped_hours(session.snapshot, hours)
        store.run_for(session.snapshot, "settle_dropped_hours", dropped)
        kept = [hour for hour in hours if hour not in dropped]
        decisions, run_id = _decide(session, kept) if kept else ([], None)
    store.run_for(session.log, "update_noted_hours", hours)  # sees what was committed since
    if run_id is None:
        return Settlement(dropped_hours=tuple(dropped))
    page = session.suite.write_docs()
    return _finish(session, Settlement(tuple(decisions), (run_id,), (page,), tuple(dropped)))


def _decide(session: _Settling, hours: Sequence[datetime]) -> tuple[list[Decision], int]:
    """Sum and judge the hours and write the result, in the open transaction; return decisions and check run."""
    store.run_for(session.snapshot, "end_outrun_acceptances", hours)
    store.sum_readings(
        session.snapshot, hours, max_skew_seconds=session.settings.judging.max_clock_skew_seconds
    )
    run_id, verdicts = check_hours(session.snapshot, session.log, hours, session.suite, _risk_bands(session))
    before = store.read_status(session.snapshot, hours)
    changed = store.read_changed_hours(session.snapshot, hours)
    decisions = decide(verdicts, before, changed)
    store.replace_sums(
        session.snapshot,
        publish=[decision.hour for decision in decisions if decision.is_new_revision],
        withdraw=[decision.hour for decision in decisions if decision.state is HourState.WITHHELD],
    )
    # The snapshot does not see what the checks have committed since.
    store.save_decisions(session.snapshot, decisions, run_id, read_changed_findings(session.log, run_id))
    return decisions, run_id


def _risk_bands(session: _Settling) -> list[dict[str, object]]:
    history = store.read_policy_history(session.snapshot)
    spans = policy_spans(history, load_policy(session.settings.judging.risk_policy).version)
    return bands_in_force(spans, session.risk_policies)


def _finish(session: _Settling, settlement: Settlement) -> Settlement:
    withheld = settlement.withheld
    finish_run(
        session.log,
        settlement.run_ids[0],
        published=len(settlement.decisions) - len(withheld),
        withheld=len(withheld),
        warnings=sum(len(decision.verdict.warnings) for decision in settlement.decisions),
        docs_page=settlement.docs_pages[0],
        workflow_run=session.workflow_run,
    )
    log.info("hours_settled", first_hour=str(settlement.decisions[0].hour), **settlement.counts())
    for decision in settlement.decisions:
        if accepted := decision.verdict.accepted:
            log.warning("failed_hour_published", hour=str(decision.hour), accepted=list(accepted))
    for decision in withheld:
        log.error("hour_withheld", hour=str(decision.hour), reason=decision.verdict.reason)
    if len(settlement.decisions) == 1:  # for a group the count is enough; quality_results has each of them
        for warning in settlement.decisions[0].verdict.warnings:
            log.warning("hour_warned", hour=str(settlement.decisions[0].hour), warning=warning)
    return settlement

"""The report of a day with faults: number by number what was sent, what the ledger says, what was published."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import pytest
import structlog
from typer.testing import CliRunner

from include.daily.run import keep_report, kept_days, page_file, read_day, today, write_report
from include.daily.steps import tell_day, write_day
from include.daily.types import Day, DayReport
from include.domain.risk import load_policy
from include.errors import FileIncompleteError, HealthCheckFailedError, OptionError, TransientError
from include.health.run import run_checks
from include.hourly.accept import accept_hour
from include.hourly.run import settle_due, settle_hour
from include.settings import Settings, environment_of, get_settings
from main import app
from producer.faults import PRESETS
from producer.options import SimulatorOptions
from producer.run import run_simulator
from tests.producer.runs import Watcher
from tests.producer.stored import read_ledger
from tests.support.figures import figures_of
from tests.support.hours import HOUR, hour_of, published, states
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline, event
from tests.support.webhook import listening

pytestmark = pytest.mark.integration

FIRST_HOUR, HOURS = 2, 3
GARBAGE, GARBAGE_RECORDS = 900, 40
WRONG_LEVEL = "risk_level_equals_policy"


@dataclass(frozen=True)
class FaultyDay:
    """What was sent, as the simulator's ground truth has it, and the days that it was sent and tells of."""

    pipeline: Pipeline
    settings: Settings
    truth: list[dict[str, Any]]
    told: Day
    withheld: datetime
    accepted: datetime
    reopened: datetime

    def outcomes(self) -> Counter[str]:
        """Count the records by outcome; the garbage and the late reading were sent besides."""
        sent = Counter(line["outcome"] for line in self.truth)
        return sent + Counter(accepted=1, quarantined=GARBAGE_RECORDS)

    def reasons(self) -> Counter[str]:
        """Count the rejected records by reason."""
        sent = Counter(line["reason"] for line in self.truth if line["outcome"] == "quarantined")
        return sent + Counter(heart_rate_out_of_range=GARBAGE_RECORDS)

    def rates(self) -> dict[datetime, list[int]]:
        """Return the accepted heart rates by hour, without the late reading."""
        found = defaultdict(list)
        for line in self.truth:
            if line["outcome"] == "accepted":
                at = datetime.fromisoformat(line["event_time"]).replace(tzinfo=None)
                found[hour_of(at)].append(line["heart_rate"])
        return found

    def commit_reports(self) -> list[DayReport]:
        """Read the days on which it was committed: two, where the test ran past midnight."""
        rows = self.pipeline.rows("select distinct committed_at::date from stream_commits")
        return [read_day(self.settings, Day(day)) for (day,) in rows]


@pytest.fixture
def faulty(pipeline: Pipeline, settings: Settings, tmp_path: Path) -> FaultyDay:
    """Give a day of three hours with every fault: one withheld, one accepted, one reopened by a late reading."""
    [(yesterday,)] = pipeline.rows("select timezone('utc', now())::date - 1")
    start = datetime.combine(yesterday, time(FIRST_HOUR))
    withheld, accepted, reopened = (start + number * HOUR for number in (1, 2, 0))
    ledger = tmp_path / "truth.jsonl"
    start_ms = round(start.replace(tzinfo=UTC).timestamp() * 1000)
    options = SimulatorOptions(
        customers=20,
        rate_hz=1 / 30,
        seed=11,
        start_ms=start_ms,
        end_ms=start_ms + HOURS * 3_600_000,
        fault_rates=PRESETS["mixed"],
        ledger=ledger,
    )
    run_simulator(options, settings, stop=Event(), reporter=Watcher())
    pipeline.send(
        event(number, at=accepted.replace(tzinfo=UTC), customer=GARBAGE, heart_rate=0)
        for number in range(GARBAGE_RECORDS)
    )
    stream = InlineStream(settings)
    check(settings)
    stream.drain()
    check(settings)
    settle_due(settings, before=start + 20 * HOUR)
    for hour in (withheld, accepted):
        spoil(pipeline, hour)
        settle_hour(settings, hour)
    accept_hour(settings, str(accepted), reason="known", accepted_by="erika")
    pipeline.send([event(1, at=reopened.replace(tzinfo=UTC), customer=901, heart_rate=70)])
    stream.drain()
    truth = list(read_ledger(ledger).values())
    return FaultyDay(pipeline, settings, truth, Day(yesterday), withheld, accepted, reopened)


def check(settings: Settings) -> None:
    with suppress(HealthCheckFailedError):
        run_checks(settings)


def spoil(pipeline: Pipeline, hour: datetime) -> None:
    """Give one Normal reading of the hour another level than the policy does."""
    pipeline.run(
        "update heartbeats set risk_level = 'High' where id = (select min(id) from heartbeats where "  # noqa: S608
        f"event_time >= '{hour}' and event_time < timestamp '{hour}' + interval '1 hour' and risk_level = 'Normal')"
    )


def test_the_report_of_a_day_with_faults_says_number_by_number_what_was(
    faulty: FaultyDay, tmp_path: Path
) -> None:
    reports = faulty.commit_reports()
    told = read_day(faulty.settings, faulty.told)
    file = tmp_path / "day.html"
    write_report(faulty.settings, faulty.told, file)
    figures = figures_of(file.read_text())

    outcomes = faulty.outcomes()
    assert min(outcomes["accepted"], outcomes["duplicate"], outcomes["quarantined"]) > 0
    for name, outcome in (
        ("accepted", "accepted"),
        ("duplicates", "duplicate"),
        ("quarantined", "quarantined"),
    ):
        assert sum(getattr(report.outcomes_total, name) for report in reports) == outcomes[outcome]
        assert sum(getattr(hour, name) for report in reports for hour in report.outcomes) == outcomes[outcome]
    assert sum(
        (Counter({one.reason: one.records for one in report.reasons}) for report in reports), Counter()
    ) == (faulty.reasons())
    accounts = faulty.pipeline.report()
    assert sum(report.outcomes_total.records for report in reports) == accounts.records
    if len(reports) == 1:
        assert accounts.latency is not None
        assert reports[0].latency_total.p99_ms == accounts.latency.p99_ms
        assert reports[0].latency_total.p50_ms == accounts.latency.p50_ms
    lags = faulty.pipeline.rows("select max(value), count(value) from health_checks where name = 'lag'")
    assert (
        max(report.lag_total.most or 0 for report in reports),
        sum(r.lag_total.checks for r in reports),
    ) == lags[0]
    assert lags[0][0] > 0

    rates = faulty.rates()
    assert {hour.hour for hour in told.hours} == set(rates)
    assert {hour.hour: hour.readings for hour in told.hours} == {
        hour: len(bpm) for hour, bpm in rates.items()
    }
    assert {hour.hour: (hour.state, hour.readings, hour.revision) for hour in told.hours} == states(
        faulty.settings
    )
    assert figures["hours-published"] == len(rates) - 2
    assert (figures["hours-withheld"], figures["hours-accepted"], figures["hours-reopened"]) == (1, 1, 1)
    assert figures[f"waiting-{faulty.reopened.hour}"] == 1
    held_back = {hour.hour: hour.held_back for hour in told.hours if hour.held_back}
    assert held_back == {faulty.accepted: 1}
    assert figures[f"failed-{WRONG_LEVEL}"] == 2
    assert figures[f"judged-{WRONG_LEVEL}"] == len(rates)
    [failed] = [one for one in told.expectations if one.name == WRONG_LEVEL]
    assert (failed.day_before, failed.trend[-1], sum(failed.trend), failed.most) == (0, 2, 2, 1)


def test_the_risk_mix_and_the_coverage_are_those_of_the_published_hours(faulty: FaultyDay) -> None:
    told = read_day(faulty.settings, faulty.told)

    policy = load_policy("default")
    levels = Counter(
        policy.level_of(bpm).value
        for hour, rates in faulty.rates().items()
        if hour != faulty.withheld
        for bpm in rates
    )
    levels += Counter(High=1)
    levels["Normal"] -= 1  # the one that was spoiled in the accepted hour
    total = told.risk_total
    assert (total.normal, total.elevated, total.high) == (
        levels["Normal"],
        levels["Elevated"],
        levels["High"],
    )
    customers, _ = published(faulty.settings)
    coverages = sorted(float(row[9]) for row in customers if row[9] is not None)
    assert told.coverage_total.customers == len(coverages)
    assert told.coverage_total.p50 == coverages[(len(coverages) - 1) // 2]
    assert told.coverage_total.p10 == coverages[-(-len(coverages) // 10) - 1]
    assert told.coverage_total.poor == sum(coverage < told.min_coverage for coverage in coverages)
    assert {one.hour for one in told.coverage} == {row[0] for row in customers}


def test_examples_are_named_by_where_they_lie_and_the_page_names_no_customer(
    faulty: FaultyDay, tmp_path: Path
) -> None:
    [report, *_] = faulty.commit_reports()
    files = [tmp_path / "commits.html", tmp_path / "hours.html"]
    write_report(faulty.settings, report.day, files[0])
    write_report(faulty.settings, faulty.told, files[1])
    pages = [file.read_text() for file in files]

    letters = {
        (reason, partition, offset)
        for reason, partition, offset in faulty.pipeline.rows(
            'select reason, partition, "offset" from dead_letters'
        )
    }
    told = {(one.reason, one.partition, one.offset) for one in report.examples}
    assert told <= letters
    assert {reason for reason, _, _ in told} == {one.reason for one in report.reasons}
    assert max(Counter(one.reason for one in report.examples).values()) <= 3
    customers = [line["customer_id"] for line in faulty.truth if line.get("customer_id")]
    customers += [str(UUID(int=GARBAGE + 1)), str(UUID(int=902))]
    assert len(set(customers)) > 20
    assert [customer for customer in customers for page in pages if customer in page] == []
    assert [customer for customer in customers for page in pages if customer.replace("-", "") in page] == []


# --- the pages that are kept, and the message about them -----------------------------------------------------------


@pytest.fixture
def _as_set(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lead what reads the settings by itself to the test's database."""
    for key, value in {**environment_of(settings), "HEARTBEAT_ENV_FILE": os.devnull}.items():
        monkeypatch.setenv(key, value)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()
    structlog.reset_defaults()


def test_a_page_is_written_anew_and_those_that_are_too_old_go(settings: Settings) -> None:
    now = today()
    for kept, ages in ((2, (3, 2, 1, 0)), (400, (1,))):
        for age in ages:
            keep_report(settings.having(report_kept_days=kept), Day(now - timedelta(days=age)))

    assert kept_days(settings.stack.reports_dir) == [now - timedelta(days=age) for age in (0, 1, 2)]
    assert {file.suffix for file in settings.stack.reports_dir.iterdir()} == {".html"}


def test_what_cannot_be_written_is_told_in_a_line(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(FileIncompleteError, match="cannot be written"):
        write_report(settings, Day(today()), tmp_path / "absent" / "day.html")


@pytest.mark.usefixtures("_as_set")
def test_the_workflow_keeps_the_page_and_tells_of_it_with_a_link(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = write_day("2026-01-31", "http://airflow:8085/")

    assert page_file(settings.stack.reports_dir, date(2026, 1, 31)).is_file()
    assert written["page"] == "http://airflow:8085/daily-reports/2026-01-31.html"
    with pytest.raises(OptionError):
        write_day("tomorrow", "")
    assert tell_day(written) is False
    with listening() as listener:
        monkeypatch.setenv("ALARM_OPERATORS", listener.url)
        monkeypatch.setenv("ALARM_WEBHOOK_SECRET", "a secret")
        get_settings.cache_clear()
        listener.status = 503
        with pytest.raises(TransientError, match="the receiver answered 503"):
            tell_day(written)
        listener.status = 200
        assert tell_day(written) is True
        monkeypatch.setenv("REPORT_RECIPIENTS", "nobody")
        get_settings.cache_clear()
        assert tell_day(written) is False
    [body] = listener.bodies
    assert (body["event"], body["subject"]) == ("report", "report 2026-01-31")
    assert len(set(listener.keys())) == 1
    assert (body["link"], body["message"]) == (written["page"], written["message"])


@pytest.mark.usefixtures("_as_set")
def test_the_command_writes_the_page_that_the_workflow_keeps(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "day.html"
    settings_ = settings.having(alarm_operators="")
    yesterday = today() - timedelta(days=1)

    named = CliRunner().invoke(app, ["report", "--html", str(file), "--day", str(yesterday)])
    keep_report(settings_, Day(yesterday))

    assert (named.exit_code, named.stdout) == (
        0,
        f"{yesterday}: Nothing came in, and no hour of the day has readings.\n",
    )
    kept = page_file(settings.stack.reports_dir, yesterday).read_text()
    assert without_instant(file.read_text()) == without_instant(kept)
    for words in (
        ["--day", "2026-01-31"],
        ["--html", str(file), "--json"],
        ["--html", str(file), "--day", "never"],
    ):
        refused = CliRunner().invoke(app, ["report", *words])
        assert (refused.exit_code, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)


def without_instant(page: str) -> str:
    return "".join(line for line in page.splitlines(keepends=True) if "Read at" not in line)

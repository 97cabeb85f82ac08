"""The producer's command line: run the simulator, or replay a recording.

What does the work is imported when the work begins, so that the program's help is there at once.
"""

import gc
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from include.command_line import OneLineCommand, examples
from include.errors import OptionError
from include.settings import get_settings
from include.terminal import plain
from producer.choices import DEFAULT_CUSTOMERS, DEFAULT_RATE_HZ, DEFAULT_SEED, PERIODS, named_period_ms
from producer.faults import PRESETS, Fault, parse_rates
from producer.instants import MS_PER_SECOND, US_PER_SECOND, now_ms, parse_duration, parse_instant
from producer.recording.columns import DATES, Wishes, parse_wishes
from producer.signals import stop_on_signals

if TYPE_CHECKING:
    from producer.options import ReplayOptions, SimulatorOptions
    from producer.tally import Summary

_REPLAY_ONLY = {"shift", "shift_to", "shift_to_now", "column", "customer", "dates", "times_from"}
_FOR_BOTH = {"replay", "processes", "speed", "quiet", "as_json"}

_WHO = {"rich_help_panel": "Who, and how often"}
_WHEN = {"rich_help_panel": "When"}
_FAULTS = {"rich_help_panel": "Faults and truth"}
_REPLAY = {"rich_help_panel": "A recording"}
_FAULT_HELP = "The share of readings that a fault hits, as NAME=RATE; may be repeated. " + "; ".join(
    f"{fault}: {fault.meaning}" for fault in Fault
)

EXAMPLES = examples(
    ("producer", "15 customers once a second, until Ctrl-C."),
    (
        "producer --customers 5000 --processes 2 --faults mixed --ledger truth.jsonl",
        "Load with faults, and the ground truth of every record.",
    ),
    ("producer --period last-hour --within 30s", "The last full hour in half a minute."),
    ("producer --replay readings.csv.gz --shift-to-now", "A recording, moved so that it ends now."),
)

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(cls=OneLineCommand)
def producer_command(
    ctx: typer.Context,
    customers: Annotated[int, typer.Option(help="How many wear a monitor.", **_WHO)] = DEFAULT_CUSTOMERS,
    rate_hz: Annotated[
        float, typer.Option(help="Readings per second of each customer.", **_WHO)
    ] = DEFAULT_RATE_HZ,
    records_per_second: Annotated[
        float | None,
        typer.Option(help="Instead of --rate-hz: readings per second of all customers together.", **_WHO),
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Same seed and start, same bytes. Two runs at once need two seeds.", **_WHO)
    ] = DEFAULT_SEED,
    duration: Annotated[
        str | None, typer.Option(help="How long, as 30s, 5m or 1h; without it, until Ctrl-C.", **_WHEN)
    ] = None,
    count: Annotated[int | None, typer.Option(help="End after so many readings.", **_WHEN)] = None,
    start: Annotated[
        str | None, typer.Option(help="Where a past period begins, as 2026-11-23T08:00:00Z.", **_WHEN)
    ] = None,
    end: Annotated[
        str | None, typer.Option(help="Where it ends; without it, at the present.", **_WHEN)
    ] = None,
    period: Annotated[
        str | None, typer.Option(help=f"A past period by its name: {' or '.join(PERIODS)}.", **_WHEN)
    ] = None,
    within: Annotated[
        str | None, typer.Option(help="How long to take for the past period, as 30s.", **_WHEN)
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(help="Times real time. Past periods and recordings go at once without it.", **_WHEN),
    ] = None,
    faults: Annotated[
        str, typer.Option(help=f"A preset of fault rates: {' or '.join(PRESETS)}.", **_FAULTS)
    ] = "none",
    fault: Annotated[list[str] | None, typer.Option(help=_FAULT_HELP, **_FAULTS)] = None,
    late_by: Annotated[str, typer.Option(help="How much older a late reading is.", **_FAULTS)] = "5m",
    ledger: Annotated[
        Path | None,
        typer.Option(help="Write there what each record is to become, in JSON lines; .gz too.", **_FAULTS),
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(help="Send this file instead: CSV or Parquet; see docs/recordings.md.", **_REPLAY),
    ] = None,
    shift_to_now: Annotated[
        bool, typer.Option("--shift-to-now", help="Move it in time so that it ends now.", **_REPLAY)
    ] = False,
    shift_to: Annotated[
        str | None, typer.Option(help="Move it so that it ends at this instant.", **_REPLAY)
    ] = None,
    shift: Annotated[float | None, typer.Option(help="Move it by so many seconds.", **_REPLAY)] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            help="Which column is a field, as heart_rate=Pulse or heart_rate=3; may be repeated.", **_REPLAY
        ),
    ] = None,
    customer: Annotated[
        str | None, typer.Option(help="The UUID of the one person whose recording it is.", **_REPLAY)
    ] = None,
    dates: Annotated[
        str | None, typer.Option(help=f"How 4/12/2016 is read: {' or '.join(DATES)}.", **_REPLAY)
    ] = None,
    times_from: Annotated[
        str | None, typer.Option(help="The instant of 00:00:00, for times without a date.", **_REPLAY)
    ] = None,
    processes: Annotated[int, typer.Option(help="Share the customers among so many processes.")] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Send simulated readings, or a recording, to Kafka.

    Ends with code 0 when all that was sent is stored, after Ctrl-C and SIGTERM too; with 1 when a record
    failed.
    """
    from producer.display import summary_lines
    from producer.options import ReplayOptions, SimulatorOptions

    _refuse_mixtures(ctx)
    options: SimulatorOptions | ReplayOptions
    if replay is not None:
        options = ReplayOptions(
            path=replay,
            speed=speed,
            shift_seconds=shift,
            shift_to_ms=_instant(shift_to),
            shift_to_now=shift_to_now,
            processes=processes,
            wishes=_wishes(column, customer, dates, times_from),
        )
    else:
        start_ms, end_ms = _period(start, end, period)
        options = SimulatorOptions(
            customers=customers,
            rate_hz=rate_hz,
            records_per_second=records_per_second,
            seed=seed,
            start_ms=start_ms,
            end_ms=end_ms,
            duration_seconds=_duration(duration),
            readings_limit=count,
            speed=speed,
            within_seconds=_duration(within),
            fault_rates=parse_rates(fault or [], preset=faults),
            late_by_seconds=parse_duration(late_by),
            processes=processes,
            ledger=ledger,
        )
    summary = _run(options, is_quiet=quiet)
    typer.echo(json.dumps(summary.as_dict()) if as_json else "\n".join(map(plain, summary_lines(summary))))
    raise typer.Exit(summary.exit_code)


def _run(options: "SimulatorOptions | ReplayOptions", *, is_quiet: bool) -> "Summary":
    from producer.display import open_reporter
    from producer.options import ReplayOptions
    from producer.run import look_into, run_replay, run_simulator
    from producer.worker import GC_THRESHOLD

    settings = get_settings()
    gc.set_threshold(GC_THRESHOLD)
    # Nothing is on its way yet: Ctrl-C ends this at once.
    surveyed = look_into(options, say=_say) if isinstance(options, ReplayOptions) else None
    with stop_on_signals() as stop:
        if isinstance(options, ReplayOptions):
            with open_reporter(
                total=surveyed.rows if surveyed else None, is_quiet=is_quiet, say=_say
            ) as reporter:
                return run_replay(options, settings, stop=stop, reporter=reporter, surveyed=surveyed)
        plan = options.plan(now_ms=now_ms(), retention_days=settings.retention_days.readings)
        with open_reporter(total=plan.expected_readings(), is_quiet=is_quiet, say=_say) as reporter:
            return run_simulator(options, settings, stop=stop, reporter=reporter)


def _wishes(
    column: list[str] | None, customer: str | None, dates: str | None, times_from: str | None
) -> Wishes:
    from_ms = _instant(times_from)
    return parse_wishes(
        column or [],
        customer_id=customer,
        dates=dates,
        counts_from_us=None if from_ms is None else from_ms * (US_PER_SECOND // MS_PER_SECOND),
    )


def _period(start: str | None, end: str | None, period: str | None) -> tuple[int | None, int | None]:
    if period is None:
        return _instant(start), _instant(end)
    if start or end:
        raise OptionError("--period stands for a start and an end: leave out --start and --end")
    return named_period_ms(period, now_ms())


def _instant(text: str | None) -> int | None:
    return None if text is None else parse_instant(text)


def _duration(text: str | None) -> float | None:
    return None if text is None else parse_duration(text)


def _refuse_mixtures(ctx: typer.Context) -> None:
    """Refuse what would otherwise be passed over in silence."""
    typed = {name for name in ctx.params if _is_typed(ctx, name)}
    if ctx.params["replay"] is None:
        wrong, rule = typed & _REPLAY_ONLY, "only for a recording: add --replay FILE"
    else:
        wrong, rule = typed - _REPLAY_ONLY - _FOR_BOTH, "only for the simulator: leave it out with --replay"
    if wrong:
        raise OptionError(f"{', '.join(sorted('--' + name.replace('_', '-') for name in wrong))}: {rule}")


def _is_typed(ctx: typer.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _say(text: str) -> None:
    typer.echo(plain(text), err=True)

"""The command line of the product: `python main.py --help`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from include.command_line import (
    HAS_COMPLETION,
    PROGRAM,
    OneLineGroup,
    examples,
    exit_codes,
    require_between,
    require_writable,
)
from include.handling.cli import alarms_app, limits_app
from include.log import configure_logging
from include.report.hours_cli import app as hours_app
from include.settings import get_settings
from include.surroundings import settle_in
from include.terminal import plain
from include.version import product_version
from producer.cli import EXAMPLES as PRODUCER_EXAMPLES
from producer.cli import producer_command
from stack.cli import app as stack_app

app = typer.Typer(
    cls=OneLineGroup,
    help="Heartbeat monitoring: simulate, stream, store and read back heart rates, every record accounted for.",
    epilog=exit_codes(),
    no_args_is_help=True,
    add_completion=HAS_COMPLETION,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
topic_app = typer.Typer(help="The Kafka topic.", no_args_is_help=True)
stream_app = typer.Typer(help="The running stream.", no_args_is_help=True)
letters_app = typer.Typer(help="Rejected records: list them, look at one.", no_args_is_help=True)

MAX_LISTED = 100_000
MAX_BIGINT = 2**63 - 1
MAX_BENCH_RECORDS = 1_000_000_000
MAX_BENCH_ROUNDS = 1000
MAX_BENCH_SECONDS = 86_400
MAX_BENCH_RATE = 1_000_000

PIPELINE, READING, OPERATING = "Run the pipeline", "Read it back", "Operate"


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"heartbeat {product_version()}")
        raise typer.Exit


@app.callback()
def _configure(
    *,
    version: Annotated[  # noqa: ARG001 - told before anything else is done
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell the version.")
    ] = False,
) -> None:
    settle_in()
    settings = get_settings()
    configure_logging(log_format=settings.log.format, level=settings.log.level)


@app.command(
    rich_help_panel=PIPELINE,
    epilog=examples(
        ("consumer", "Until Ctrl-C; a second one ends it at once."),
        ("consumer --drain", "Catch up with what waits now, then stop."),
    ),
)
def consumer(
    drain: Annotated[
        bool, typer.Option("--drain", help="Stop when all is consumed that is there now.")
    ] = False,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Supersede a stream that runs; it exits by itself.")
    ] = False,
) -> None:
    """Initialise the database and run the stream in the foreground, until Ctrl-C.

    While Airflow runs (`make up`), heartbeat_stream does this already.
    """
    from include.stream.run import run_stream

    raise typer.Exit(run_stream(get_settings(), drain=drain, takes_over=take_over))


app.command("producer", rich_help_panel=PIPELINE, epilog=PRODUCER_EXAMPLES)(producer_command)


@app.command(
    rich_help_panel=OPERATING, epilog=examples(("migrate", "After an upgrade, or a new password in .env."))
)
def migrate() -> None:
    """Bring the database up to date and set the roles' passwords; a second call changes nothing."""
    from include.db import migrate as migrations

    applied = migrations.migrate(get_settings())
    typer.echo(f"applied {len(applied)} migrations" if applied else "the database is up to date")


@topic_app.command(
    "create",
    epilog=examples(
        ("topic create", "After KAFKA_PARTITIONS was raised; it is never lowered."),
        (
            "topic create --with-limits",
            "Let a topic that was made without them refuse timestamps far from now.",
        ),
    ),
)
def create_topic(
    with_limits: Annotated[
        bool,
        typer.Option(
            "--with-limits",
            help="Give limits of time to a topic that has none: as for one that is made anew.",
        ),
    ] = False,
) -> None:
    """Create the topic, or add partitions up to KAFKA_PARTITIONS.

    It keeps records for KAFKA_RETENTION_DAYS and refuses timestamps before that, or further ahead than
    MAX_CLOCK_SKEW_SECONDS; these limits follow the settings.
    """
    from include.broker.topic import open_broker

    settings = get_settings()
    with open_broker(settings) as broker:
        is_changed = broker.ensure_topic(
            settings.kafka.topic, settings.kafka.partitions, with_limits=with_limits
        )
    state = "created or changed" if is_changed else "is there already"
    typer.echo(f"topic {settings.kafka.topic} {state}")


@stream_app.command(
    "stop", epilog=examples(("stream stop", "Let the next launch take up new files or settings."))
)
def stop_stream() -> None:
    """Ask the running stream to end its turn and stop, and wait until it has.

    Airflow launches the next one at once, with the program as it is then: that is how to upgrade. To stop for good,
    pause heartbeat_stream first.
    """
    from include.stream import run

    if run.stop_stream(get_settings()):
        typer.echo(
            "the stream has stopped; unless heartbeat_stream is paused in Airflow, the next one follows"
        )
    else:
        typer.echo("no stream was running")


@stream_app.command(
    "skip",
    epilog=examples(
        ('stream skip --partition 0 --offset 1234 --reason "stops every launch"', "Go on behind this record.")
    ),
)
def skip(
    partition: Annotated[int, typer.Option(min=0, help="Partition of the topic.")],
    offset: Annotated[int, typer.Option(min=0, help="The partition's next offset, as `report` shows it.")],
    reason: Annotated[str, typer.Option(help="Kept with the record.")],
) -> None:
    """Quarantine the next record of a partition without a look at it, and let the stream go on behind it.

    The stream finds out by itself what it cannot process and goes on; this is for what it does not find. The record is
    in the ledger, and among the dead letters as unprocessable.
    """
    from include.care.skip import skip_record

    next_offset = skip_record(get_settings(), partition=partition, offset=offset, reason=reason)
    typer.echo(f"partition {partition} goes on at offset {next_offset}")


@app.command(
    rich_help_panel=READING,
    epilog=examples(
        ("report", "As tables."),
        ("report --json", "For a program that looks at the exit code or the figures."),
        ("report --html day.html --day 2026-01-31", "One day as a page, as heartbeat_report makes it."),
    ),
)
def report(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    html: Annotated[Path | None, typer.Option("--html", help="Write the page of one day here.")] = None,
    day: Annotated[
        str | None, typer.Option("--day", help="Which day (UTC), with --html; else yesterday.")
    ] = None,
) -> None:
    """Show what became of every record; exit code 1 if the accounting does not hold. Or write the page of a day."""
    if html is not None or day is not None:
        from include.daily.command import write_page

        typer.echo(write_page(get_settings(), html, day, as_json=as_json))
        return

    from rich.console import Console

    from include.report.render import render
    from include.report.run import make_report

    made = make_report(get_settings())
    if as_json:
        typer.echo(json.dumps(made.as_dict(), indent=2))
    else:
        Console().print(render(made))
    raise typer.Exit(1 if made.problems else 0)


@letters_app.command(
    "list",
    epilog=examples(
        ("dead-letters list", "The newest twenty."),
        ("dead-letters list --reason bad_timestamp --limit 100", "Those of one reason."),
    ),
)
def list_letters(
    reason: Annotated[
        list[str] | None, typer.Option(help="Only this reason; may be given several times.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=MAX_LISTED, help="How many at most.")] = 20,
) -> None:
    """List the newest rejected records, without their content."""
    from rich.console import Console

    from include.report.letters import letters_table
    from include.report.run import list_dead_letters

    Console().print(letters_table(*list_dead_letters(get_settings(), reasons=reason, limit=limit)))


@letters_app.command(
    "show",
    epilog=examples(
        ("dead-letters show 41", "Key, value and headers, as far as they can be shown."),
        ("dead-letters show 41 --raw value.bin", "The value as it came, byte by byte, into a file."),
    ),
)
def show_letter(
    number: Annotated[int, typer.Argument(min=1, max=MAX_BIGINT, help="The id that `list` shows.")],
    raw: Annotated[Path | None, typer.Option(help="Write the raw value into this file.")] = None,
) -> None:
    """Show one rejected record with its raw key, value and headers. This may show personal data."""
    from rich.console import Console

    from include.report.letters import letter_text
    from include.report.run import read_dead_letter

    letter = read_dead_letter(get_settings(), number)
    if raw is not None:
        require_writable(raw)
        raw.write_bytes(letter["value"] or b"")
    Console().print(letter_text(letter))


@app.command(
    "airflow",
    rich_help_panel=OPERATING,
    # From the first word on everything is Airflow's, its --help too.
    context_settings={
        "ignore_unknown_options": True,
        "allow_extra_args": True,
        "allow_interspersed_args": False,
    },
    epilog=examples(
        ("airflow dags list-runs heartbeat_hourly", "What ran."),
        (
            "airflow backfill create --dag-id heartbeat_hourly "
            "--from-date 2026-11-20T00:00Z --to-date 2026-11-21T00:00Z",
            "Settle the hours of a day again.",
        ),
        ("airflow tasks --help", "Airflow's own help."),
    ),
)
def airflow_command(context: typer.Context) -> None:
    """Run Airflow's own command line on the stack's Airflow; nothing has to be set by hand."""
    from stack.airflow.command import become_airflow

    become_airflow(get_settings(), context.args)


@app.command(
    rich_help_panel=PIPELINE, epilog=examples(("demo", "Nothing has to run before, nothing is left after."))
)
def demo() -> None:
    """Run the whole way once on a stack of its own and compare every record with the ground truth."""
    from tools.demo import run_demo

    raise typer.Exit(run_demo())


@app.command(
    rich_help_panel=OPERATING,
    epilog=examples(
        ("bench", "Every part, three rounds: three quarters of an hour."),
        ("bench drain --records 4000000 --rounds 5", "One part, more of it."),
        ("bench alarms --rounds 5", "The stream with and without its alarms, in turns."),
        ("bench latency --quick --rate 1000 --rate 10000", "A quick look."),
        ("bench growth --rounds 1", "One, two and four tasks, 2 to 64 partitions, three nodes."),
    ),
)
def bench(
    parts: Annotated[
        list[str] | None,
        typer.Argument(
            help="drain, catch_up, launch, latency, silence, alarms, producer, idle (all of these when left out), "
            "large, growth."
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="One short round, for development.")] = False,
    long: Annotated[bool, typer.Option("--long", help="Ten minutes per rate, over a large table.")] = False,
    records: Annotated[
        int | None, typer.Option(min=10_000, max=MAX_BENCH_RECORDS, help="How many the drain takes.")
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(min=1, max=MAX_BENCH_ROUNDS, help="How often each part is repeated.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=1, max=MAX_BENCH_SECONDS, help="How long each rate is measured.")
    ] = None,
    rate: Annotated[
        list[float] | None, typer.Option(min=1, max=MAX_BENCH_RATE, help="Records per second; repeatable.")
    ] = None,
    table_rows: Annotated[
        int | None,
        typer.Option(min=0, max=MAX_BENCH_RECORDS, help="How many readings the table holds before."),
    ] = None,
    gather_ms: Annotated[
        float | None, typer.Option(min=0, max=1000, help="How long the consumers beside the stream gather.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
    plot_file: Annotated[Path | None, typer.Option("--plot", help="Write a picture (SVG) here.")] = None,
) -> None:
    """Measure the stream beside hand-written consumers and plain COPY; and launch, producer and idle stack."""
    from tools.bench.options import choose, choose_parts
    from tools.bench.run import run_bench

    # Typer's bounds let NaN through.
    for option, values, least, most in (
        ("--seconds", [seconds], 1, MAX_BENCH_SECONDS),
        ("--rate", rate or [], 1, MAX_BENCH_RATE),
        ("--gather-ms", [gather_ms], 0, 1000),
    ):
        for value in values:
            if value is not None:
                require_between(option, value, least, most)
    for file in (json_file, plot_file):
        if file is not None:
            require_writable(file)
    options = choose(
        is_quick=quick,
        is_long=long,
        records=records,
        rounds=rounds,
        seconds=seconds,
        rates=tuple(rate or ()) or None,
        gather_ms=gather_ms,
        table_rows=table_rows,
    )
    run_bench(choose_parts(parts or []), options, json_file=json_file, plot_file=plot_file)


@app.command(
    rich_help_panel=READING,
    epilog=examples(
        ("verify truth.jsonl", "After `producer --ledger truth.jsonl`; exit code 1 if they differ.")
    ),
)
def verify(ledger: Annotated[Path, typer.Argument(help="What `producer --ledger` wrote.")]) -> None:
    """Hold the database against a simulator's ground truth, record by record."""
    from include.truth.records import compare_with_truth

    comparison = compare_with_truth(get_settings(), ledger)
    *differences, summary = comparison.lines()
    for line in differences:
        typer.echo(plain(line), err=True)
    typer.echo(summary)
    raise typer.Exit(0 if comparison.holds else 1)


@app.command(
    rich_help_panel=READING,
    epilog=examples(
        ("verify-alarms truth.jsonl", "After `producer --ledger truth.jsonl`, once all of it is evaluated.")
    ),
)
def verify_alarms(
    ledger: Annotated[Path, typer.Argument(help="What `producer --ledger` wrote.")],
) -> None:
    """Hold the alarms against a simulator's ground truth: recall, precision, delay.

    Exit code 1 where fewer than 99 % were found, or fewer than 95 % of the alarms are true.
    """
    from include.truth.alarms import compare_alarms

    comparison = compare_alarms(get_settings(), ledger)
    for line in comparison.lines():
        typer.echo(plain(line))
    raise typer.Exit(0 if comparison.holds else 1)


app.add_typer(stack_app, name="stack", rich_help_panel=OPERATING)
app.add_typer(topic_app, name="topic", rich_help_panel=OPERATING)
app.add_typer(stream_app, name="stream", rich_help_panel=OPERATING)
app.add_typer(hours_app, name="hours", rich_help_panel=OPERATING)
app.add_typer(letters_app, name="dead-letters", rich_help_panel=READING)
app.add_typer(alarms_app, name="alarms", rich_help_panel=READING)
app.add_typer(limits_app, name="limits", rich_help_panel=OPERATING)

if __name__ == "__main__":
    app(prog_name=PROGRAM)

"""The commands about alarms and limits."""

import getpass
import json
import signal
from dataclasses import asdict
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from include.command_line import examples, require_between
from include.domain.words import counted
from include.errors import OptionError
from include.settings import get_settings

alarms_app = typer.Typer(
    help="Alarms: list them, look at one, acknowledge, snooze, note.", no_args_is_help=True
)
limits_app = typer.Typer(help="Limits of customers' own, and noted pauses.", no_args_is_help=True)

MAX_LISTED = 100_000
MAX_BIGINT = 2**63 - 1

Number = Annotated[int, typer.Argument(min=1, max=MAX_BIGINT, help="The id that `list` shows.")]
Customer = Annotated[str | None, typer.Option(help="Only this customer (a UUID).")]
Limit = Annotated[int, typer.Option(min=1, max=MAX_LISTED, help="How many at most.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
By = Annotated[str | None, typer.Option("--by", help="Who does it; you, when left out.")]


@alarms_app.command(
    "list",
    epilog=examples(
        ("alarms list", "What is open, critical alarms first."),
        ("alarms list --all --limit 100", "Those that are over and retracted too."),
    ),
)
def list_alarms(
    with_past: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    customer: Customer = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List the open alarms. This shows who they are about."""
    from include.handling import people
    from include.handling.render import alarms_table
    from include.limits.limits import parse_customer

    who = None if customer is None else parse_customer(customer)
    found = people.list_alarms(get_settings(), with_past=with_past, customer=who, most=limit)
    _show([asdict(alarm) for alarm in found] if as_json else alarms_table(found), as_json=as_json)


@alarms_app.command("show", epilog=examples(("alarms show 41", "With all that happened to it.")))
def show_alarm(number: Number, as_json: AsJson = False) -> None:
    """Show one alarm and its transitions."""
    from include.handling import people
    from include.handling.render import alarm_text

    alarm, events = people.read_alarm(get_settings(), number)
    told = {**asdict(alarm), "events": [asdict(event) for event in events]}
    _show(told if as_json else alarm_text(alarm, events), as_json=as_json)


@alarms_app.command(
    "ack", epilog=examples(('alarms ack 41 --note "called her, she is running"', "It is told no more."))
)
def acknowledge(
    number: Number,
    note: Annotated[str | None, typer.Option(help="Kept with the alarm.")] = None,
    by: By = None,
) -> None:
    """Note that an open alarm has been seen."""
    from include.handling import people

    people.acknowledge(get_settings(), number, actor=_actor(by), note=note)
    typer.echo(f"alarm {number} is acknowledged")


@alarms_app.command(
    "snooze", epilog=examples(("alarms snooze 41 --minutes 120", "Nobody is told for two hours."))
)
def snooze(
    number: Number,
    minutes: Annotated[float, typer.Option(help="For how long; at most 30 days.")] = 60,
    by: By = None,
) -> None:
    """Let an open alarm rest for a while, and whatever its customer's rule opens meanwhile."""
    from include.handling import people

    require_between("--minutes", minutes, 1, people.LONGEST_SNOOZE_SECONDS / 60)
    people.snooze(get_settings(), number, actor=_actor(by), seconds=60 * minutes)
    typer.echo(f"alarm {number} rests")


@alarms_app.command(
    "note", epilog=examples(('alarms note 41 "she has a new device"', "Kept with the alarm."))
)
def note(
    number: Number,
    text: Annotated[str, typer.Argument(help="What is worth knowing; it takes the place of an earlier one.")],
    by: By = None,
) -> None:
    """Write a note to an alarm, also to one that is over."""
    from include.handling import people

    people.note(get_settings(), number, actor=_actor(by), text=text)
    typer.echo(f"alarm {number} has the note")


@alarms_app.command(
    "deliver",
    epilog=examples(
        ("alarms deliver", "Until Ctrl-C."),
        ("alarms deliver --once", "What waits now."),
        ("alarms deliver --once --take-over", "The same, after the addresses have changed."),
    ),
)
def deliver_messages(
    once: Annotated[bool, typer.Option("--once", help="Stop when all that waits has been tried.")] = False,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="With --once, also where the addresses have changed.")
    ] = False,
) -> None:
    """Tell ALARM_CHANNELS of alarms, and ALARM_OPERATORS of what fails; `make up` runs it in the background."""
    from include.outbox.sender import deliver, deliver_until

    if once:
        done = deliver(get_settings(), takes_over=take_over)
        typer.echo(f"{done.planned} messages planned, {done.sent} sent, {done.failed} channels down")
        return
    is_over = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: is_over.set())
    deliver_until(get_settings(), is_over)


@limits_app.command(
    "set",
    epilog=examples(
        (
            "limits set 6db3842b-9ccb-5c03-aa24-9af26ae0b5d0 high --limit-bpm 160",
            "From now on; the clearing limit keeps its distance.",
        ),
        (
            "limits set 6db3842b-9ccb-5c03-aa24-9af26ae0b5d0 silence --after-seconds 600",
            "One whose device sends in bursts.",
        ),
        ("limits set 6db3842b-9ccb-5c03-aa24-9af26ae0b5d0 high", "The policy's limit again."),
    ),
)
def set_limit(
    customer: Annotated[str, typer.Argument(help="The customer's id (a UUID).")],
    rule: Annotated[str, typer.Argument(help="A rule of the policy: high, very_high, low, silence.")],
    limit_bpm: Annotated[str | None, typer.Option(help="Alarm beyond this.")] = None,
    clear_bpm: Annotated[str | None, typer.Option(help="Clear from here on.")] = None,
    after_seconds: Annotated[str | None, typer.Option(help="Silent after so long.")] = None,
    valid_from: Annotated[
        str | None, typer.Option(help="An instant, also a past one; now, when left out.")
    ] = None,
    by: By = None,
) -> None:
    """Set a customer's own limits for one rule; without any, the policy's apply again.

    Readings are judged by the limits of their time: limits from a past instant on correct the alarms since.
    """
    from include.handling.people import set_limit as set_own

    fields = {
        "customer_id": customer,
        "rule": rule,
        "limit_bpm": limit_bpm,
        "clear_bpm": clear_bpm,
        "after_seconds": after_seconds,
        "valid_from": valid_from,
    }
    limit = set_own(get_settings(), fields, set_by=_actor(by))
    typer.echo(f"rule {limit.rule}: in force from {limit.valid_from:%Y-%m-%dT%H:%M:%S}Z on")


@limits_app.command(
    "show",
    epilog=examples(
        ("limits show", "The newest fifty."),
        (
            "limits show --customer 6db3842b-9ccb-5c03-aa24-9af26ae0b5d0",
            "One customer's, with their history.",
        ),
    ),
)
def show_limits(customer: Customer = None, limit: Limit = 50, as_json: AsJson = False) -> None:
    """Show limits of customers' own, the newest first."""
    from include.handling.render import limits_table
    from include.limits.limits import list_limits, parse_customer

    who = None if customer is None else parse_customer(customer)
    found = list_limits(get_settings(), who, most=limit)
    _show([asdict(line) for line in found] if as_json else limits_table(found), as_json=as_json)


@limits_app.command(
    "import",
    epilog=examples(("limits import limits.csv", "All of the file, or nothing where a line is wrong.")),
)
def import_limits(
    file: Annotated[
        Path,
        typer.Argument(help="CSV: customer_id, rule, limit_bpm, clear_bpm, after_seconds, valid_from."),
    ],
    by: By = None,
) -> None:
    """Set limits from a file; columns that are left out are empty, valid_from is then now."""
    from include.limits.limits import read_limits_file, set_limits

    settings = get_settings()
    limits = read_limits_file(settings, file)
    count = set_limits(settings, limits, set_by=_actor(by)) if limits else 0
    customers = len({limit.customer_id for limit in limits})
    typer.echo(f"{counted(count, 'limit')} set for {counted(customers, 'customer')}")


@limits_app.command(
    "pause",
    epilog=examples(
        ("limits pause 6db3842b-9ccb-5c03-aa24-9af26ae0b5d0", "From now on; nobody waits for readings."),
        (
            "limits pause 6db3842b-9ccb-5c03-aa24-9af26ae0b5d0 --ends 2026-12-01T08:00:00Z",
            "Up to an instant.",
        ),
    ),
)
def pause(
    customer: Annotated[str, typer.Argument(help="The customer's id (a UUID).")],
    starts: Annotated[str | None, typer.Option(help="An instant; now, when left out.")] = None,
    ends: Annotated[str | None, typer.Option(help="An instant; never, when left out.")] = None,
    by: By = None,
) -> None:
    """Note a pause: a customer who has signed off is not silent."""
    from include.handling.people import note_pause

    fields = {"customer_id": customer, "starts": starts, "ends": ends}
    note_pause(get_settings(), fields, noted_by=_actor(by))
    typer.echo("the pause is noted")


@limits_app.command(
    "pauses",
    epilog=examples(
        ("limits pauses 6db3842b-9ccb-5c03-aa24-9af26ae0b5d0", "The newest fifty, with who ended which.")
    ),
)
def list_pauses(
    customer: Annotated[str, typer.Argument(help="The customer's id (a UUID).")],
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """Show a customer's noted pauses, the newest first."""
    from include.handling.render import pauses_table
    from include.limits import limits

    found = limits.list_pauses(get_settings(), limits.parse_customer(customer), most=limit)
    _show([asdict(line) for line in found] if as_json else pauses_table(found), as_json=as_json)


@limits_app.command(
    "end-pause", epilog=examples(("limits end-pause 7", "The customer is back: silence counts from now on."))
)
def end_pause(
    number: Annotated[int, typer.Argument(min=1, max=MAX_BIGINT, help="The id that `pauses` shows.")],
    by: By = None,
) -> None:
    """End a pause now; one that is still to come never begins."""
    from include.handling import people

    ended = people.end_pause(get_settings(), number, ended_by=_actor(by))
    when = "will not take place" if ended is None else f"ends at {ended:%Y-%m-%dT%H:%M:%S}Z"
    typer.echo(f"pause {number} {when}")


def _actor(given: str | None) -> str:
    try:
        who = getpass.getuser() if given is None else given.strip()
    except (KeyError, OSError):  # no account of that number
        who = ""
    if not who or len(who) > 100 or not who.isprintable():
        raise OptionError("--by must be a name of 1 to 100 visible letters")
    return who


def _show(what: object, *, as_json: bool) -> None:
    from rich.console import Console

    if as_json:
        typer.echo(json.dumps(what, indent=2, default=str))
    else:
        Console().print(what)

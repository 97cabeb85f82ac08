"""Heartbeat - quality: what was rejected and why, and which hours are published, withheld or behind."""

from include.quality.types import Severity
from tools.grafana.board import QUALITY, board
from tools.grafana.colours import BLUE, GREY, HOUR, ORANGE, RED, SKY
from tools.grafana.columns import TIME, coloured, limit, named, plain, value_colours
from tools.grafana.panels import Json, figures, series, table

EACH_HOUR: Json = {"interval": "1h"}
COLOURED: Json = {"type": "color-text"}


def quality() -> Json:
    """Return the dashboard."""
    rows = [
        (8, [_states(), _quarantine(), _reasons()]),
        (10, [_hours()]),
        (8, [_held_back()]),
        (8, [_violations(), _rejected()]),
        (8, [_readings(), _mean(), _shares()]),
        (8, [_delay(), _coverage()]),
    ]
    return board(
        QUALITY,
        "Heartbeat \N{EN DASH} quality",
        "What was rejected and why, and which hours are published, withheld or behind. Times are UTC.",
        rows,
        since="24h",
        refresh="1m",
    )


def _states() -> Json:
    return figures(
        "Settled hours",
        "The range's hours by what the hourly job last decided. Withheld: a critical expectation failed, nothing of "
        "that hour is published.",
        "quality_states",
        unit="none",
        overrides=coloured({"published": HOUR["published"], "withheld": HOUR["withheld"]}),
    )


def _quarantine() -> Json:
    return series(
        "Quarantined share",
        "Of the records in the window HEALTH_QUARANTINE_WINDOW_SECONDS before each check. The dashed line is the limit "
        "in force, HEALTH_QUARANTINE_WARN_SHARE or _FAIL_. A gap: there were no records.",
        "pipeline_check_value",
        bind={"check_name": "quarantine"},
        unit="percentunit",
        interval="1m",
        defaults={"min": 0},
        overrides=[named("measured", "Quarantined", RED), limit()],
    )


def _reasons() -> Json:
    return series(
        "Rejected records by reason",
        "Per minute. The README explains each reason. At most the range's last six hours; a longer look back is in the "
        "shares of the hours below.",
        "quality_reasons",
        stacked=True,
        unit="suffix: /min",
        interval="1m",
        custom={"drawStyle": "bars", "fillOpacity": 80},
    )


def _hours() -> Json:
    return table(
        "Hours",
        "State at this instant. Open: never settled. Reopened: late readings came, the published sums are a revision "
        "behind. Withheld: see the reason; a click on *Results* opens the checks' page in Airflow.",
        "quality_hours",
        empty="no hour has readings",
        overrides=[
            named("hour", **TIME),
            named("state", mappings=value_colours(HOUR), custom__cellOptions=COLOURED),
            named("reason", "Why withheld", custom__width=320),
            named("violated", custom__width=240),
            named("readings"),
            named("unsettled_readings", "Not summed up"),
            named("revision"),
            named("settled_at", "Settled", **TIME),
            named(
                "docs_page",
                "Results",
                links=[
                    {
                        "title": "Data Docs",
                        "url": "${airflow}/data-docs/${__value.raw}",
                        "targetBlank": True,
                    }
                ],
            ),
        ],
    )


def _held_back() -> Json:
    return table(
        "Customers held back",
        "They are in no sum of that hour, since most of what they sent for it was rejected and not sent again. The "
        "hour of all others is published without them.",
        "quality_held_back",
        empty="nobody",
        overrides=[
            named("hour", **TIME),
            named("customer", custom__width=320),
            named("detail", "Why"),
            named("readings", "Readings left out", custom__width=150),
            named("rejected", "Rejected records", custom__width=150),
        ],
    )


def _violations() -> Json:
    severities = {Severity.CRITICAL: RED, Severity.WARNING: ORANGE}
    return table(
        "Violated expectations",
        "By the last run over each hour of the range. Critical ones withhold their hour, warnings do not.",
        "quality_violations",
        empty="none: every expectation was met",
        overrides=[
            named("hour", **TIME),
            named("expectation"),
            named("severity", mappings=value_colours(severities), custom__cellOptions=COLOURED),
            named("observed", decimals=3),
            *plain("at_least", "at_most"),
        ],
    )


def _rejected() -> Json:
    return table(
        "Newest rejected records",
        "Ten of each reason from the range's last day, without their content: "
        "python main.py dead-letters show has it. Once the cause is mended, heartbeat_replay sends them again.",
        "quality_rejected",
        empty="none was rejected",
        overrides=[
            named("recorded_at", "Rejected", **TIME),
            named("reason"),
            named("detail", custom__width=260),
            *plain("partition", "offset"),
            named("replayed_at", "Sent again", **TIME),
        ],
    )


def _readings() -> Json:
    return series(
        "Readings of the hours",
        "Accepted readings of each settled hour.",
        "quality_readings",
        unit="short",
        custom={"drawStyle": "bars", "fillOpacity": 80, "barAlignment": 1},
        defaults={"min": 0},
        overrides=coloured({"readings": SKY}),
        **EACH_HOUR,
    )


def _mean() -> Json:
    return series(
        "Mean heart rate of the hours",
        "Over all customers. A jump means that other people, other devices or other rules are at work: the drift "
        "expectation warns about it.",
        "quality_mean",
        unit="suffix: bpm",
        overrides=coloured({"mean": BLUE}),
        **EACH_HOUR,
    )


def _shares() -> Json:
    return series(
        "Shares of the hours",
        "Of each settled hour: rejected among its records, and poorly covered among its customers. A gap: too little "
        "to take a share of.",
        "quality_shares",
        unit="percentunit",
        defaults={"min": 0},
        overrides=coloured({"rejected_records": RED, "poorly_covered_customers": ORANGE}),
        **EACH_HOUR,
    )


def _delay() -> Json:
    return series(
        "Delay of the hours",
        "95 of 100 readings of each settled hour were stored within this time of being taken.",
        "quality_delay",
        unit="s",
        overrides=[named("delay_p95", "p95", GREY)],
        **EACH_HOUR,
    )


def _coverage() -> Json:
    return table(
        "Least covered customers",
        "In the newest published hour: received against expected readings, at the customer's own pace. To "
        "follow one, type its id as Customer on the live dashboard.",
        "quality_coverage",
        empty="no hour is published",
        overrides=[
            named("customer"),
            named("hour", **TIME),
            named("coverage", unit="percentunit"),
            named("readings"),
            named("first_event", "First", **TIME),
            named("last_event", "Last", **TIME),
        ],
    )

"""Heartbeat - live: what arrives now, how quickly, and who is at risk."""

from include.domain.risk import RiskLevel
from include.live.store import MOST_FOLLOWED, MOST_READINGS_NOW, MOST_SHOWN
from include.settings import FIELDS
from tools.grafana.board import LIVE, board, choice
from tools.grafana.colours import GREY, ORANGE, OUTCOME, RED, RISK, SEVERITY, SKY
from tools.grafana.columns import LATENCY, TIME, coloured, named, plain, value_colours
from tools.grafana.panels import Json, annotation, figures, series, table

OUTCOMES = coloured(OUTCOME)
LEVELS = coloured(RISK)
SEVERITIES = coloured(SEVERITY)[::-1]
RATE = "Heart rate of the chosen customer, last 10 minutes"
POINTS_ONLY: Json = {"custom__drawStyle": "points", "custom__pointSize": 6}


def live() -> Json:
    """Return the dashboard."""
    rows = [
        (5, _now()),
        (8, _alarms()),
        (9, _flow()),
        (9, _customer()),
        (9, [_high_customers(), _risk_hourly()]),
    ]
    customer = choice(
        "customer",
        "Customer",
        "Heard in the last minute, who were High first. Another one: type its UUID here.",
        "variable_customers",
        is_private=True,
    )
    return board(
        LIVE,
        "Heartbeat \N{EN DASH} live",
        "What arrives now, how quickly, and who is at risk. Times are UTC.",
        rows,
        since="15m",
        refresh="10s",
        variables=[customer],
        notes={RATE: [annotation("Alarms of the customer", "live_customer_alarms", RED)]},
    )


def _now() -> list[Json]:
    fresh_seconds = FIELDS["health_fresh_seconds"].default
    return [
        figures(
            "Records per second",
            "Mean of the last minute, by what became of the records. Quarantined ones are kept with the reason: see "
            "the quality dashboard.",
            "live_records_per_second",
            unit="suffix: /s",
            overrides=OUTCOMES,
            defaults={"decimals": 1},
        ),
        figures(
            "Latency",
            "From a record's creation to its commit, batches of the last minute. No value: nothing was committed.",
            "live_latency",
            unit="ms",
            overrides=LATENCY,
        ),
        figures(
            "Newest reading",
            f"Its age. Orange from HEALTH_FRESH_SECONDS' default ({fresh_seconds:.0f} s): the source is silent or the "
            "stream is behind; the pipeline dashboard says which.",
            "live_newest_reading",
            unit="s",
            empty="none for a day",
            overrides=[named("newest_reading", "Age")],
            defaults={
                "color": {"mode": "thresholds"},
                "thresholds": {
                    "mode": "absolute",
                    "steps": [{"color": SKY, "value": None}, {"color": ORANGE, "value": fresh_seconds}],
                },
            },
        ),
        figures(
            "Customers",
            "Heard in the last minute, by the risk level of each one's newest reading; where the minute has more "
            f"readings than {MOST_READINGS_NOW:,}, those heard as lately as is said. The live page shows the same "
            "number.",
            "live_customers",
            unit="none",
            overrides=[*LEVELS, named("reach_seconds", "Heard in the last", GREY, unit="s", decimals=1)],
        ),
    ]


def _alarms() -> list[Json]:
    return [
        figures(
            "Open alarms",
            "Now, whatever the range is. Who acknowledges one does so on the live page or by `alarms ack`.",
            "live_alarms",
            unit="none",
            overrides=[*SEVERITIES, named("unacknowledged", "Not acknowledged", GREY)],
        ),
        series(
            "Open alarms over time",
            "How many were open, by severity and by the times of the readings. Late readings correct the past.",
            "live_alarms_over_time",
            stacked=True,
            unit="none",
            interval="10s",
            overrides=SEVERITIES,
            defaults={"decimals": 0, "min": 0},
        ),
        table(
            "Open alarms by name",
            "Critical ones first, then the newest, 50 at most. To see one in its customer's readings, choose the "
            "customer above.",
            "live_open_alarms",
            empty="none",
            overrides=[
                named("severity", mappings=value_colours(SEVERITY)),
                *plain("rule", "customer"),
                named("onset", "Since", **TIME),
                named("peak_bpm", "Peak", unit="suffix: bpm"),
                named("acknowledged_by"),
            ],
        ),
    ]


def _flow() -> list[Json]:
    return [
        series(
            "Records by outcome",
            "Every record that was read from Kafka, by what became of it. At most the range's last six hours.",
            "live_outcomes",
            stacked=True,
            unit="suffix: /s",
            overrides=OUTCOMES,
            interval="5s",
        ),
        series(
            "Readings by risk level, last 2 minutes",
            "By the time of the reading, from the raw rows: always the last two minutes of the range, however long it "
            "is. The hours are in the panel below.",
            "live_risk_mix",
            stacked=True,
            unit="suffix: /s",
            overrides=LEVELS,
            interval="5s",
            time_from="2m",
        ),
    ]


def _customer() -> list[Json]:
    return [
        series(
            RATE,
            "Readings as they were taken; where none came for 30 s the line is broken. Those above Normal by the risk "
            "policy in force are marked, and so is how long each alarm lasted. Empty: choose a customer above.",
            "live_customer_rate",
            unit="suffix: bpm",
            time_from="10m",
            interval="1s",
            custom={"insertNulls": 30_000},
            defaults={"min": 30, "max": 220},
            overrides=[
                named("heart_rate", colour=GREY),
                named("elevated", colour=RISK[RiskLevel.ELEVATED], **POINTS_ONLY),
                named("high", colour=RISK[RiskLevel.HIGH], **POINTS_ONLY),
            ],
        ),
        series(
            "Hours of the chosen customer, last 7 days",
            "Lowest, mean and highest heart rate of each published hour. A missing hour has no readings or is not "
            "published.",
            "live_customer_hours",
            unit="suffix: bpm",
            time_from="7d",
            interval="1h",
            custom={"insertNulls": 5_400_000},
            overrides=[
                named("lowest", colour=SKY),
                named("mean", colour=GREY, custom__lineWidth=2),
                named("highest", colour=RED),
            ],
        ),
    ]


def _high_customers() -> Json:
    return table(
        "Customers at High now",
        f"Whose newest reading is High, the latest to become so first, {MOST_SHOWN} at most, as on the live page: "
        f"found out of the {MOST_FOLLOWED:,} that were heard last, and followed back a day at most. To follow one, "
        "choose it above.",
        "live_high_customers",
        unit="short",
        empty="nobody",
        overrides=[
            named("customer"),
            named("high_since", **TIME),
            named("last_reading", **TIME),
            named("heart_rate", unit="suffix: bpm"),
        ],
    )


def _risk_hourly() -> Json:
    return series(
        "Risk mix of the published hours, last 24 hours",
        "Share of each risk level among an hour's readings. An hour that is withheld is missing.",
        "live_risk_hourly",
        stacked=True,
        unit="percentunit",
        time_from="24h",
        interval="1h",
        custom={"drawStyle": "bars", "fillOpacity": 80, "barAlignment": 1},
        defaults={"min": 0, "max": 1},
        overrides=LEVELS,
    )

"""Heartbeat - pipeline: is every part at work, how far behind is the stream, and which launch holds the lease."""

from include.health.types import Status
from include.settings import FIELDS
from tools.grafana.board import PIPELINE, board, choice
from tools.grafana.colours import BLUE, GREY, ORANGE, RED, SKY, STATUS
from tools.grafana.columns import LATENCY, TIME, coloured, limit, named, plain, value_colours
from tools.grafana.panels import Json, panel, series, table

EACH_MINUTE: Json = {"interval": "1m"}


def pipeline() -> Json:
    """Return the dashboard."""
    rows = [
        (9, [_checks(), _check_history()]),
        (8, [_lag(), _ages()]),
        (8, [_partitions(), _latency(), _batches()]),
        (7, [_offsets(), _launches()]),
        (7, [_gaps(), _database(), _disk()]),
    ]
    partition = choice("partition", "Partition", "Of the Kafka topic.", "variable_partitions", several=True)
    return board(
        PIPELINE,
        "Heartbeat \N{EN DASH} pipeline",
        "Is every part at work, how far behind is the stream, which launch holds the lease. Times are UTC.",
        rows,
        since="6h",
        refresh="30s",
        variables=[partition],
    )


def _checks() -> Json:
    return table(
        "Checks of the last minute",
        "What heartbeat_health found when it last ran. A time in *Checked* that is minutes old means that the "
        "checks themselves stand still.",
        "pipeline_checks",
        unit="short",
        empty="the checks have not run: unpause heartbeat_health",
        overrides=[
            named("check_name", "Check"),
            named(
                "status",
                "Status",
                mappings=value_colours(STATUS),
                custom__cellOptions={"type": "color-background", "mode": "basic"},
            ),
            named("value", "Measured", decimals=2),
            named("threshold", "Limit", decimals=2),
            named("message", "What was found", custom__width=420),
            named("checked_at", "Checked", **TIME),
        ],
    )


def _check_history() -> Json:
    options = {
        str(level): {"text": str(status), "color": colour, "index": level}
        for level, (status, colour) in enumerate(STATUS.items())
    }
    return panel(
        "state-timeline",
        "Checks over time",
        "The worst status of each check in every step; the table beside it says what was found last.",
        "pipeline_check_history",
        unit="none",
        defaults={
            "mappings": [{"type": "value", "options": options}],
            "color": {"mode": "fixed", "fixedColor": GREY},
        },
        custom={"fillOpacity": 85, "lineWidth": 0},
        options={
            "mergeValues": True,
            "showValue": "never",
            "alignValue": "left",
            "rowHeight": 0.85,
            "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
            "tooltip": {"mode": "single", "sort": "none"},
        },
        **EACH_MINUTE,
    )


def _lag() -> Json:
    return series(
        "Lag",
        "Records in Kafka that have no outcome yet: Kafka's end offsets less the offsets in the database, as the "
        "checks saw them. The dashed line is the limit in force, HEALTH_LAG_WARN_RECORDS or _FAIL_.",
        "pipeline_check_value",
        bind={"check_name": "lag"},
        unit="suffix: records",
        overrides=[named("measured", "Lag", BLUE), limit()],
        **EACH_MINUTE,
    )


def _ages() -> Json:
    return series(
        "Ages",
        "Since the stream last committed, and of the newest reading. Both rise: the stream stands still if there is "
        "lag, else the source is silent. Only the second rises: late or rejected readings.",
        "pipeline_ages",
        unit="s",
        overrides=coloured({"last_commit": BLUE, "newest_reading": ORANGE}),
        **EACH_MINUTE,
    )


def _partitions() -> Json:
    return series(
        "Records by partition",
        "Read, and with an outcome. One partition that stays behind the others: a hot key, or a task that hangs. At "
        "most the range's last six hours.",
        "pipeline_partitions",
        stacked=True,
        unit="suffix: /s",
        interval="10s",
    )


def _latency() -> Json:
    return series(
        "Latency",
        "From a record's creation to its commit. At most the range's last six hours.",
        "pipeline_latency",
        unit="ms",
        interval="10s",
        overrides=LATENCY,
    )


def _batches() -> Json:
    largest = FIELDS["stream_max_records_per_batch"].default
    return series(
        "Batch size of a partition",
        f"Near the bound (STREAM_MAX_RECORDS_PER_BATCH, {largest:,} by default, shared by the partitions): a backlog "
        "is being drained. At most the range's last six hours.",
        "pipeline_batches",
        unit="suffix: records",
        interval="10s",
        overrides=coloured({"mean": SKY, "largest": BLUE}),
    )


def _offsets() -> Json:
    return table(
        "Partitions",
        "How far each partition is done, and what became of its records in the range's last hour.",
        "pipeline_offsets",
        empty="nothing was ever read",
        overrides=[
            *plain("topic", "partition", "next_offset"),
            named("updated_at", "Last commit", **TIME),
            *plain("accepted", "duplicates", "quarantined"),
        ],
    )


def _launches() -> Json:
    return table(
        "Launches of the stream",
        "Those that committed in the range's last six hours. Many short ones: read the last line of heartbeat_stream's "
        "log in Airflow.",
        "pipeline_launches",
        empty="no launch committed",
        overrides=[
            named("epoch", "Launch"),
            named("first_commit", **TIME),
            named("last_commit", **TIME),
            *plain("batches", "records", "lease"),
        ],
    )


def _gaps() -> Json:
    return table(
        "Lost by Kafka",
        "Offsets that Kafka dropped before they were read (gap), or lost after and hands out again (rewind). At most "
        "the range's last six hours. Empty is good.",
        "pipeline_gaps",
        empty="nothing",
        overrides=[
            named("committed_at", "Noted", **TIME),
            named("kind", mappings=value_colours({"gap": RED, "rewind": ORANGE})),
            named("partition"),
            named("from_offset", "From"),
            named("to_offset", "To"),
            named("offsets"),
        ],
    )


def _database() -> Json:
    return series(
        "Database answers in",
        "How long the checks' first question to PostgreSQL took.",
        "pipeline_check_value",
        bind={"check_name": "database"},
        unit="ms",
        overrides=[named("measured", "Answer", BLUE), limit()],
        **EACH_MINUTE,
    )


def _disk() -> Json:
    return series(
        "Free disk",
        "Of the disk that holds the stack's data. Below the dashed line (HEALTH_DISK_WARN_GIB) make room, or lower "
        "the retention settings.",
        "pipeline_check_value",
        bind={"check_name": "disk"},
        unit="suffix: GiB",
        defaults={"min": 0},
        overrides=[named("measured", "Free", BLUE), limit(STATUS[Status.FAIL])],
        **EACH_MINUTE,
    )

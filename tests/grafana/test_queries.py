"""Every panel's and variable's query against a filled database, as the reader, as Grafana would send it.

Plans are looked at with `enable_seqscan` off. Left to itself PostgreSQL reads a day's partition from end to end when
the range covers most of that day, and rightly so: whether it does depends on the hour at which the test runs. Off, it
still has to read a table as a whole where no index can bound the query, and that is what must not be: each table that
grows is reached by an index with a condition, and raw rows are taken from no more days than the panel is about.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from include.db.connect import Connection, Role, connect
from tests.support.grafana import notes
from tests.support.grafana_data import CUSTOMER, FilledPipeline
from tools.grafana.macros import boards, expand, panels, span

pytestmark = pytest.mark.integration

PANELS = [
    pytest.param(board, panel, id=f"{board['uid']}: {panel['title']}")
    for board, panel in (*panels(), *notes())
]
VARIABLES = [
    pytest.param(variable, id=f"{board['uid']}: {variable['name']}")
    for board in boards()
    for variable in board["templating"]["list"]
    if variable["type"] == "query"
]
CHOSEN = {"customer": [str(CUSTOMER)], "partition": ["0", "1"]}
# A row an hour, a partition or a launch: PostgreSQL may read these as a whole when it likes.
SMALL = {"settled_hours", "touched_hours", "reopened_hours", "stream_offsets", "stream_lease", "quality_runs"}
# The database's answer is held against no limit.
WITHOUT_VALUE = {("Database answers in", "threshold")}
RAW = {"heartbeats", "stream_commits", "dead_letters"}
# What a panel takes from raw rows lies in one day, two around midnight.
RAW_DAYS = 2


@pytest.fixture
def reader(filled: FilledPipeline) -> Iterator[Connection]:
    """Give a session as Grafana has one; Grafana sets no time zone, so this one is no help either."""
    with connect(filled.pipeline.settings, Role.READER, autocommit=True) as connection:
        connection.execute("set timezone = 'Asia/Kathmandu'")
        connection.execute("set statement_timeout = '5s'")
        yield connection


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_a_panel_shows_values(
    board: dict[str, Any], panel: dict[str, Any], filled: FilledPipeline, reader: Connection
) -> None:
    cursor = reader.execute(_sql(board, panel, filled).encode())

    rows = cursor.fetchall()
    assert rows
    columns = [column.name for column in cursor.description or ()]
    empty = [
        name for name, values in zip(columns, zip(*rows, strict=True), strict=True) if set(values) == {None}
    ]
    assert [name for name in empty if (panel["title"], name) not in WITHOUT_VALUE] == []


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_a_panel_has_an_index_in_its_plan_and_reads_no_growing_table_as_a_whole(
    board: dict[str, Any], panel: dict[str, Any], filled: FilledPipeline, reader: Connection
) -> None:
    statement = _sql(board, panel, filled)
    plan = Plan(reader, statement)

    # How the function goes about it, tests/integration/test_readings_key.py says.
    assert plan.bounded_by or "from newest_reading(" in statement
    assert plan.read_as_a_whole == set()


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_a_range_of_a_week_looks_at_no_more_raw_days(
    board: dict[str, Any], panel: dict[str, Any], filled: FilledPipeline, reader: Connection
) -> None:
    plan = Plan(reader, _sql(board, panel, filled, width=timedelta(days=7)))

    assert plan.read_as_a_whole & RAW == set()
    assert max(len(plan.days_of(parent)) for parent in RAW) <= RAW_DAYS


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_a_panel_shows_the_same_in_every_time_zone_of_the_session(
    board: dict[str, Any], panel: dict[str, Any], filled: FilledPipeline, reader: Connection
) -> None:
    statement = _sql(board, panel, filled).encode()
    elsewhere = reader.execute(statement).fetchall()

    reader.execute("set timezone = 'UTC'")

    assert reader.execute(statement).fetchall() == elsewhere


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_series_come_in_the_order_of_time(
    board: dict[str, Any], panel: dict[str, Any], filled: FilledPipeline, reader: Connection
) -> None:
    if panel["targets"][0]["format"] != "time_series":
        return

    cursor = reader.execute(_sql(board, panel, filled).encode())

    assert cursor.description is not None
    assert cursor.description[0].name == "time"
    times = [row[0] for row in cursor.fetchall()]
    assert times == sorted(times)


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_variable_has_something_to_choose(
    variable: dict[str, Any], filled: FilledPipeline, reader: Connection
) -> None:
    # The database was filled once, and this test may come minutes later.
    query = variable["query"].replace("now()", f"timestamptz '{filled.now}Z'")
    values = {str(row[0]) for row in reader.execute(query.encode())}

    assert set(CHOSEN[variable["name"]]) <= values
    plan = Plan(reader, variable["query"])
    assert plan.read_as_a_whole == set()


def test_no_customer_and_no_partition_is_no_error(filled: FilledPipeline, reader: Connection) -> None:
    nothing = {"customer": [""], "partition": [""]}
    for board, panel in panels():
        reader.execute(_sql(board, panel, filled, chosen=nothing).encode())


@pytest.mark.parametrize(
    "statement",
    [
        "select count(*) from heartbeats where heart_rate > 100",
        "select * from health_checks where message = 'earlier'",
        "select max(coverage) from customer_hourly",
        "select event_time from heartbeats order by slot_of(event_time)",
    ],
)
def test_the_plan_check_notices_a_query_without_an_index(statement: str, reader: Connection) -> None:
    assert Plan(reader, statement).read_as_a_whole


class Plan:
    """How PostgreSQL runs a query where it may not simply read tables from end to end."""

    def __init__(self, connection: Connection, statement: str) -> None:
        connection.execute("set enable_seqscan = off")
        [(plan,)] = connection.execute(f"explain (format json) {statement}".encode()).fetchall()
        self._nodes = list(_nodes(plan[0]["Plan"]))

    @property
    def bounded_by(self) -> list[str]:
        """The conditions by which indexes are looked into."""
        return [node["Index Cond"] for node in self._nodes if "Index Cond" in node]

    @property
    def read_as_a_whole(self) -> set[str]:
        """Tables that grow without bound and are read from end to end, be it in the order of an index."""
        names = {
            node["Relation Name"]
            for node in self._nodes
            if "Relation Name" in node
            and node["Node Type"] != "Bitmap Heap Scan"
            and "Index Cond" not in node
        }
        return {_parent(name) for name in names} - SMALL

    def days_of(self, parent: str) -> set[str]:
        """The day partitions of a table that are looked at."""
        names = {node["Relation Name"] for node in self._nodes if "Relation Name" in node}
        return {name for name in names if _parent(name) == parent}


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from _nodes(child)


def _parent(name: str) -> str:
    stem, _, day = name.rpartition("_")
    return stem if day.isdigit() else name


def _sql(
    board: dict[str, Any],
    panel: dict[str, Any],
    filled: FilledPipeline,
    *,
    width: timedelta | None = None,
    chosen: dict[str, list[str]] = CHOSEN,
) -> str:
    """Return a panel's query at the range that the dashboard opens with, or one of another width."""
    opens_with = span(board["time"]["from"].removeprefix("now-"))
    own = span(panel["timeFrom"]) if "timeFrom" in panel else None
    step = span(panel["interval"]) if "interval" in panel else timedelta(seconds=1)
    [target] = panel["targets"]
    return expand(
        target["rawSql"], filled.range(own or width or opens_with), least_step=step, variables=chosen
    )

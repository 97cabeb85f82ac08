"""What stands between the stream and the database: a copy that is cut off in its middle, a connection half open."""

import signal
from collections.abc import Iterator
from contextlib import closing

import pytest

from include.settings import Settings
from stack import run
from tests.faults.conftest import Begin
from tests.support.database_proxy import DatabaseProxy, Point
from tests.support.statements import is_reading
from tests.support.trials.servers import end

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

_COPYING = """
    select count(*) from pg_stat_activity
    where datname = current_database() and query like 'copy heartbeats%' and wait_event = 'ClientRead'
"""


@pytest.fixture
def proxy(stack: Settings) -> Iterator[DatabaseProxy]:
    """Give what stands between the stream, and nobody else, and the database."""
    with closing(DatabaseProxy(stack.db.host, stack.db.port)) as running:
        yield running


def through(proxy: DatabaseProxy, **more: str) -> dict[str, str]:
    """Return the variables of a stream that knows the database by the proxy's address."""
    return {"DB_HOST": "127.0.0.1", "DB_PORT": str(proxy.port), **more}


def is_untold(point: Point) -> bool:
    """Tell whether this changes something and stands in no file: then the crash points may not know of it."""
    own = point.statement.removeprefix("end of ")
    return not is_reading(point.statement) and own != "COMMIT" and "/" not in own


def test_the_database_is_stopped_at_once_in_the_middle_of_a_copy(
    scenario: Begin, proxy: DatabaseProxy, stack: Settings
) -> None:
    with scenario(within_seconds=120, environment=through(proxy)) as trial:
        with proxy.holding_at(Point("heartbeat-sink", "end of sink/copy_heartbeats")) as has_come:
            assert has_come.wait(60)
            [(copying,)] = trial.pipeline.rows(_COPYING)
            assert copying >= 1
            ended = end(stack, "postgres", signal.SIGQUIT)
        assert {point.statement for point in proxy.arrived if is_untold(point)} == set()
        trial.prove(f"{copying} copies open; {ended}")
        run.up(stack)
        trial.repaired()


def test_connections_to_the_database_are_half_open(scenario: Begin, proxy: DatabaseProxy) -> None:
    impatient = {"STREAM_STALL_SECONDS": "10", "STREAM_DB_WAIT_SECONDS": "5"}
    with scenario(within_seconds=120, environment=through(proxy, **impatient)) as trial:
        count = proxy.freeze()
        assert count >= 3
        trial.prove(f"{count} connections pass nothing on and stay so; new ones do")
        trial.repaired()

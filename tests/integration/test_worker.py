"""The sessions of a stream's worker: both, or none."""

import gc
import warnings

import pytest
from psycopg import sql

from include.errors import HeartbeatError
from include.sink.worker import Worker
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.integration


@pytest.mark.filterwarnings("error")
def test_a_session_is_not_left_behind_where_there_is_no_room_for_the_second(pipeline: Pipeline) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()  # what tests before this one have left
    with pipeline.owner() as owner:
        name = sql.Identifier(pipeline.settings.db.name)
        owner.execute(
            sql.SQL("alter database {} connection limit 2").format(name)
        )  # this session, and one more
        worker = Worker(pipeline.settings.having(stream_db_wait_seconds=0.0))

        with pytest.raises(HeartbeatError):
            worker.database()
        gc.collect()  # a session that nobody closed would be warned of here

        owner.execute(sql.SQL("alter database {} connection limit -1").format(name))
    worker.database()
    worker.close()

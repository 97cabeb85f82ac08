"""How many sessions a size needs, and the words where the server lets in fewer."""

import pytest

from include.db.sessions import Capacity, explain_shortage, sessions_needed, slots_of, stream_sessions
from include.settings import FIELDS
from stack.postgres import SERVER_OPTIONS

SERVER = Capacity(int(SERVER_OPTIONS["max_connections"]), 3, int(SERVER_OPTIONS["reserved_connections"]))


@pytest.mark.parametrize(
    ("master", "slots"),
    [("local[2,4]", 2), ("local[8]", 8), ("local", 1), ("local[*]", 5), ("spark://master:7077", 5)],
)
def test_a_local_master_has_threads_and_a_cluster_is_taken_for_large_enough(master: str, slots: int) -> None:
    assert slots_of(master, partitions=5) == slots


def test_the_embedded_server_lets_in_what_the_defaults_need() -> None:
    tasks = slots_of(FIELDS["spark_master"].default, partitions=2)

    assert explain_shortage(SERVER, tasks) is None
    assert stream_sessions(tasks) <= SERVER.reserved


def test_a_server_that_lets_in_too_few_is_told_with_what_to_set() -> None:
    tasks = 16

    told = explain_shortage(SERVER, tasks)

    assert told is not None
    assert f"set its max_connections to {sessions_needed(tasks) + 3} or more" in told
    assert explain_shortage(Capacity(sessions_needed(tasks) + 3, 3, 0), tasks) is None

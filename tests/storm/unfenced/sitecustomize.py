"""A stream without its fence: with this folder on PYTHONPATH, a launch no longer heeds that there is a newer one.

Its statements ask for no epoch, its take-over ends nobody's sessions, its tasks and its watch go on. Only the storm's
`--without fence` puts it there. Python loads a module of this name at start, in every process of the stream.
"""

import re
from collections.abc import Callable
from typing import Any

from tests.support.changed_modules import change_at_import

# By statement what is taken out of it.
CONDITIONS = {
    "sink/close_gathering": r"\s+and stream_offsets\.epoch = %\(epoch\)s",
    "sink/begin_share": r"\s+and epoch = %\(epoch\)s",
    "sink/select_share": r"\s+and epoch = %\(epoch\)s",
    "sink/end_share": r"\s+and epoch = %\(epoch\)s",
    "stream/renew_lease": r"\s+and epoch = %\(epoch\)s",
}
NOBODY = "select 0 as pid, true as has_ended where false"


def without_conditions(queries: Any) -> None:
    """Let the statements ask for no epoch."""
    sound: Callable[[str], str] = queries.query

    def query(name: str) -> str:
        if name == "stream/end_sink_sessions":
            return NOBODY
        statement = sound(name)
        if name in CONDITIONS:
            changed, count = re.subn(CONDITIONS[name], "", statement)
            if count != 1:
                raise AssertionError(f"{name} has no such condition")
            return changed
        return statement

    queries.query = query


def without_looking(task: Any) -> None:
    """Let a task go on, whatever epoch the lease has."""

    def is_over(turn: Any) -> bool:
        sign, share = turn._sign, turn._share
        if (
            sign is not None
            and sign.epoch == turn._launch.epoch
            and (sign.stop_requested or sign.turn > share.turn)
        ):
            return True
        return share.ends is not None and bool(turn._has_reached(share.ends))

    task.Turn._is_over = is_over


if __name__ == "sitecustomize":
    change_at_import({"include.db.queries": without_conditions, "include.turn.task": without_looking})

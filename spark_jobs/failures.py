"""How a task's error gets to the driver.

Spark passes on nothing but the text of a Python traceback, between lines of its own. So an error of the product is told
within it as JSON behind a mark, and made anew from that. Not as a pickle: the text may quote what strangers have sent.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JError, Py4JNetworkError
from pyspark.errors import PySparkException

from include import errors
from include.errors import HeartbeatError, StreamFailedError

_MARK = "the stream's own error: "


class TaskFailedError(Exception):
    """Carries an error of the product through Spark."""


@contextmanager
def told_to_driver() -> Iterator[None]:
    """Raise the product's errors so that `explain` finds them in what Spark makes of them."""
    try:
        yield
    except HeartbeatError as error:
        raise TaskFailedError(_MARK + json.dumps([type(error).__name__, str(error)])) from error


def explain(failure: PySparkException | Py4JError) -> HeartbeatError:
    """Return the product's own error that a task raised, or say what failed in one line."""
    if isinstance(failure, Py4JNetworkError):
        return StreamFailedError(
            "Spark's JVM is gone: this launch ends, the next one goes on from the database"
        )
    text = str(failure)
    try:
        (name, told), _ = json.JSONDecoder().raw_decode(text, text.rindex(_MARK) + len(_MARK))
        kind: type[HeartbeatError] = getattr(errors, name)
        return kind.again(told)
    except (ValueError, TypeError, AttributeError):  # none of ours
        return StreamFailedError(f"Spark failed: {_reason(text)[:300]}")


def _reason(text: str) -> str:
    """Return the line that names the error: a Python traceback's last one, else the first that is no mere heading."""
    named = re.findall(r"^((?:\w+\.)*\w*(?:Error|Exception|Exit|Interrupt)\b(?:: .*)?)$", text, re.MULTILINE)
    if named:
        return str(named[-1])
    # Py4J's own first line only says which call it was.
    lines = [line.strip().removeprefix(": ") for line in text.splitlines()]
    headings = ("", "Traceback (most recent call last):", "An error occurred")
    told = [line for line in lines if line not in headings and not line.startswith("An error occurred")]
    return told[0] if told else "no reason given"

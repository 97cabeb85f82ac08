"""An error that a task raises is the same one in the driver, out of the text that Spark makes of it."""

import traceback

import pytest
from py4j.protocol import Py4JError, Py4JNetworkError

from include import errors
from include.errors import FencedError, HeartbeatError, StreamFailedError
from spark_jobs.failures import explain, told_to_driver

KINDS = [
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, HeartbeatError)
]
# As Spark 4 tells it: before and behind the Python traceback stand lines of its own.
TOLD = """An error occurred while calling o91.processAllAvailable.
: org.apache.spark.SparkException: Job aborted due to stage failure: org.apache.spark.api.python.PythonException: {}

\tat org.apache.spark.api.python.BasePythonRunner$ReaderIterator.handlePythonException(PythonRunner.scala:581)
Driver stacktrace:
\tat java.base/java.lang.Thread.run(Thread.java:840)"""


def through_spark(error: Exception) -> HeartbeatError:
    try:
        with told_to_driver():
            raise error from ConnectionError("below")
    except Exception:
        return explain(Py4JError(TOLD.format(traceback.format_exc())))
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_of_its_kind_with_its_exit_code_and_its_whole_text(kind: type[HeartbeatError]) -> None:
    text = 'two "lines" of\ninclude.errors.FencedError: not this one, nor ä\u2028 or \\n'

    found = through_spark(kind.again(text))

    assert (type(found), str(found), found.exit_code) == (kind, text, kind.exit_code)


def test_values_that_made_its_text_are_not_needed_again() -> None:
    found = through_spark(FencedError(epoch=3, newest_epoch=4))

    assert isinstance(found, FencedError)
    assert str(found).startswith("launch 3 of the stream was superseded by launch 4")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("KeyError: 'x'", "Spark failed: KeyError: 'x'"),
        ('E: the stream\'s own error: ["os", "x"]\nKeyError: 1', "Spark failed: KeyError: 1"),
        ('E: the stream\'s own error: ["Sequence", "x"]\nKeyError: 1', "Spark failed: KeyError: 1"),
        ("E: the stream's own error: [\nKeyError: 1", "Spark failed: KeyError: 1"),
    ],
)
def test_what_is_none_of_ours_is_told_in_one_line(said: str, reason: str) -> None:
    found = explain(Py4JError(TOLD.format(f"Traceback (most recent call last):\n{said}")))

    assert (type(found), str(found)) == (StreamFailedError, reason)


def test_a_jvm_that_is_gone_is_said_to_be_gone() -> None:
    assert "Spark's JVM is gone" in str(explain(Py4JNetworkError("x")))

"""The structured logger: events in the past tense, one line each, the same keys everywhere.

No customer id, heart rate, payload or password ever goes into a log line.
"""

import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from include.terminal import plain

LogFormat = Literal["auto", "console", "json"]


def configure_logging(*, log_format: LogFormat, level: str) -> None:
    """Send log lines to standard error; `auto` is console on a terminal and JSON elsewhere."""
    is_console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    # JSON escapes what is no visible character by itself.
    escaping = [_plain_values] if is_console else []
    renderer = structlog.dev.ConsoleRenderer() if is_console else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *escaping,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        # A line and its end in one write: the stream's processes share one log.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def get_logger(**facts: object) -> FilteringBoundLogger:
    """Return a logger that adds `facts` to each line; a line that cannot be written is lost, and nothing else."""
    return cast("FilteringBoundLogger", _Careful(structlog.get_logger(**facts)))


class _Careful:
    """Loses a line where the disk is full, say: what writes it has more important things to do than to end.

    It stands before structlog and not behind it, since in Airflow's processes Airflow says where the lines go. Python's
    own handlers swallow such errors by themselves.
    """

    def __init__(self, logger: FilteringBoundLogger) -> None:
        self._logger = logger

    def __getattr__(self, level: str) -> Callable[..., None]:
        write = getattr(self._logger, level)

        def write_or_lose(*event: object, **facts: object) -> None:
            with suppress(OSError):
                write(*event, **facts)

        return write_or_lose


def _plain_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {key: plain(value) if isinstance(value, str) else value for key, value in event.items()}

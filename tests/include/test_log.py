"""A log line that cannot be written costs itself alone: whoever writes it goes on."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from include.settings import PROJECT_ROOT, Settings, environment_of
from stack.ports import free_port
from tests.support.waiting import wait_until
from tests.support.webhook import listening

OURS = "configure_logging(log_format='json', level='INFO')"
# As Airflow does in its own processes.
SOMEBODY_ELSES = "structlog.configure(logger_factory=structlog.WriteLoggerFactory(open('/dev/full', 'w')))"
LOGGING = """
import logging, structlog
from include.log import configure_logging, get_logger
{configure}
log = get_logger()
for _ in range(3):
    log.info("x" * 20_000)
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("failed")
    logging.getLogger("of Python's own").warning("x")
print("went on")
"""
SENDING = f"""
import threading
from include.log import configure_logging
from include.outbox.sender import deliver_until
from include.settings import get_settings
{OURS}
deliver_until(get_settings(), threading.Event(), outage_grace_seconds=0)
"""


@pytest.mark.parametrize("configure", [OURS, SOMEBODY_ELSES], ids=["ours", "somebody else's"])
def test_who_logs_to_a_full_disk_goes_on(configure: str) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-c", LOGGING.format(configure=configure)],
            cwd=PROJECT_ROOT,
            stdout=subprocess.PIPE,
            stderr=full,
            check=False,
        )

    assert ended.stdout == b"went on\n"


def test_a_sender_with_a_full_disk_tells_of_a_database_that_is_away(tmp_path: Path) -> None:
    with listening() as listener, Path("/dev/full").open("w") as full:
        settings = Settings(_env_file=None).having(
            alarm_operators=SecretStr(listener.url),
            alarm_webhook_secret=SecretStr("secret"),
            db_port=free_port(),
            stack_dir=tmp_path,
        )
        process = subprocess.Popen(
            [sys.executable, "-c", SENDING], cwd=PROJECT_ROOT, env=environment_of(settings), stderr=full
        )
        try:
            # A second pulse: it has told of the outage, logged it, and gone on.
            pulse = tmp_path / "sender.pulse"
            wait_until(
                lambda: (listener.told(), process.poll()),
                lambda found: bool(found[0]) or found[1] is not None,
            )
            told_at = pulse.stat().st_mtime_ns
            wait_until(lambda: (pulse.stat().st_mtime_ns > told_at, process.poll()), lambda found: any(found))
            assert process.poll() is None
        finally:
            process.kill()
            process.wait()

    assert listener.told() == [("check database", "failing")]

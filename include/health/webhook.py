"""Tell a failed task to a webhook. Whoever listens is outside: no message holds a customer id or payload."""

import json
import urllib.error
import urllib.request
from typing import Any

from include.errors import HeartbeatError
from include.log import get_logger
from include.settings import Settings

log = get_logger()


def notify_failure(
    settings: Settings, *, dag_id: str, task_id: str, run_id: str, error: object, log_url: str
) -> bool:
    """Send the failure as JSON and return whether it was taken; never raises, an unset URL is a quiet no."""
    url = settings.health_webhook_url.get_secret_value()
    if not url:
        return False
    body = {
        "source": "heartbeat-monitoring",
        "dag_id": dag_id,
        "task_id": task_id,
        "run_id": run_id,
        "message": _message(error),
        "log_url": log_url,
    }
    try:
        _post(url, body, settings.health_webhook_timeout_seconds)
    except (OSError, ValueError) as failure:  # URLError and HTTPError are OSErrors
        # The address may hold a token: neither it nor the error's text, which may repeat it, is logged.
        log.warning("webhook_failed", error=type(failure).__name__, status=getattr(failure, "code", None))
        return False
    log.info("webhook_notified", task_id=task_id)
    return True


def _message(error: object) -> str:
    # Only our own errors are known to be quiet about people; Postgres, for one, repeats row values.
    return str(error) if isinstance(error, HeartbeatError) else f"{type(error).__name__}: see the task's log"


def _post(url: str, body: dict[str, Any], timeout_seconds: float) -> None:
    request = urllib.request.Request(  # noqa: S310 - the settings accept http and https only
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=timeout_seconds):  # noqa: S310
        pass

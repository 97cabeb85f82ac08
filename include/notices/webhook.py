"""Send a notice to the webhook. It goes outside, so no notice holds a customer id or payload."""

import json
import urllib.error
import urllib.request

from include.log import get_logger
from include.notices.types import Notice
from include.settings import Settings

log = get_logger()


def post(settings: Settings, notice: Notice) -> bool:
    """Send the notice as JSON and return whether it was accepted; never raises, and without a URL returns False."""
    url = settings.health.webhook_url.get_secret_value()
    if not url:
        return False
    body = {
        "source": "heartbeat-monitoring",
        "id": notice.number,
        "subject": notice.subject,
        "state": "failing" if notice.is_failing else "over",
        "message": notice.message,
        "link": notice.link,
        "at": f"{notice.noted_at.isoformat(timespec='seconds')}Z",
    }
    request = urllib.request.Request(  # noqa: S310 - the settings accept http and https only
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=settings.health.webhook_timeout_seconds):  # noqa: S310
            pass
    except (OSError, ValueError) as failure:  # URLError and HTTPError are OSErrors
        # The address may hold a token: neither it nor the error's text, which may repeat it, is logged.
        log.warning("webhook_failed", error=type(failure).__name__, status=getattr(failure, "code", None))
        return False
    log.info("webhook_notified", subject=notice.subject, is_failing=notice.is_failing)
    return True

"""Send a notice to the webhook. It goes outside, so no notice holds a customer id or payload."""

from datetime import datetime

import httpx

from include import web
from include.log import get_logger
from include.notices.types import Notice
from include.settings import Settings

log = get_logger()


def post(settings: Settings, notice: Notice) -> bool:
    """Send the notice and return whether it was accepted; never raises, and without a URL returns False."""
    return send(
        settings,
        number=notice.number,
        subject=notice.subject,
        state="failing" if notice.is_failing else "over",
        message=notice.message,
        link=notice.link,
        at=notice.noted_at,
    )


def send(
    settings: Settings,
    *,
    number: int | str | None,
    subject: str,
    state: str,
    message: str,
    link: str | None,
    at: datetime,
) -> bool:
    """Send this as JSON and return whether it was accepted; never raises, and without a URL returns False."""
    url = settings.health.webhook_url.get_secret_value()
    if not url:
        return False
    body = {
        "source": "heartbeat-monitoring",
        "id": number,
        "subject": subject,
        "state": state,
        "message": message,
        "link": link,
        "at": f"{at.isoformat(timespec='seconds')}Z",
    }
    try:
        httpx.post(
            url,
            json=body,
            timeout=settings.health.webhook_timeout_seconds,
            follow_redirects=True,
            verify=web.trusted(),
        ).raise_for_status()
    except (*web.NOT_REACHED, OSError) as failure:  # certificates that cannot be read, too
        # The address may hold a token: neither it nor the error's text, which may repeat it, is logged.
        status = failure.response.status_code if isinstance(failure, httpx.HTTPStatusError) else None
        log.warning("webhook_failed", error=type(failure).__name__, status=status)
        return False
    log.info("webhook_notified", subject=subject, state=state)
    return True

"""Hand the message about a daily report to whoever is to be told. The one place that knows who that is."""

from datetime import UTC, datetime

from include.errors import TransientError
from include.notices import webhook
from include.settings import Settings


def tell_report(settings: Settings, *, day: str, message: str, link: str) -> bool:
    """Send the message, if there is somebody to tell; raise TransientError where the webhook does not take it.

    A second call sends it again, with the same id.
    """
    if settings.report.recipients == "nobody" or not settings.health.webhook_url.get_secret_value():
        return False
    now = datetime.now(UTC).replace(tzinfo=None)
    told = f"report {day}"
    if not webhook.send(
        settings, number=told, subject=told, state="report", message=message, link=link, at=now
    ):
        raise TransientError("the webhook (HEALTH_WEBHOOK_URL) did not take the message: it is tried again")
    return True

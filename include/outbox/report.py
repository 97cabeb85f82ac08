"""Hand the message about a daily report to whoever is to be told."""

from datetime import UTC, datetime
from uuid import uuid5

from include.outbox.bodies import NAMESPACE, report_body
from include.outbox.channels import Channels
from include.settings import Settings


def tell_report(settings: Settings, *, day: str, message: str, link: str) -> bool:
    """Send the message, if there is somebody to tell; raise ChannelError where it is not taken.

    It goes straight to the channel: who fails to send it is a task that is tried again, with the same key.
    """
    channel = Channels(settings).of_operators
    if settings.report.recipients == "nobody" or channel is None:
        return False
    now = datetime.now(UTC).replace(tzinfo=None)
    key = uuid5(NAMESPACE, f"report {day}")
    channel.send(report_body(key, f"report {day}", message, link, at=now))
    return True

"""A database that is away holds nothing that can be told of it: that much is kept in a file below STACK_DIR."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

from include.db.connect import Connection
from include.log import get_logger
from include.notices.store import note
from include.notices.types import Change
from include.outbox.bodies import notice_body
from include.outbox.channels import Channel, ChannelError
from include.outbox.types import Noticed
from include.places import Place
from include.settings import Settings

SUBJECT = "check database"
# A server that only starts again is no news.
GRACE_SECONDS = 20.0

log = get_logger()


class Outage:
    """What is known of an outage: since when, and whether anybody was told."""

    def __init__(self, settings: Settings, *, grace_seconds: float = GRACE_SECONDS) -> None:
        self._file = settings.stack.at(Place.DATABASE_OUTAGE)
        self._grace_seconds = grace_seconds
        self._since: float | None = None
        self._known = self._read()

    def notice(self, problem: str, channel: Channel | None) -> None:
        """Tell, once, that the database is away; a channel that does not take it is asked again by the next call."""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        if now - self._since < self._grace_seconds or (self._known is not None and self._known.is_told):
            return
        change = self._known or Change(SUBJECT, True, problem, key=uuid4())
        self._known = replace(change, is_told=channel is not None and _tell(channel, change))
        self._write(self._known)

    def end(self, connection: Connection) -> None:
        """Note in the database that there was an outage, and that it is over."""
        self._since = None
        if self._known is None:
            return
        note(connection, [self._known, Change(SUBJECT, False, "the database answers again")])
        self._known = None
        self._file.unlink(missing_ok=True)

    def _read(self) -> Change | None:
        try:
            kept = json.loads(self._file.read_text())
            return Change(
                SUBJECT, True, str(kept["message"]), key=UUID(kept["key"]), is_told=bool(kept["is_told"])
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def _write(self, change: Change) -> None:
        kept = {"message": change.message, "key": str(change.key), "is_told": change.is_told}
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps(kept))
        except OSError as error:
            log.warning("outage_not_kept", error=type(error).__name__)


def _tell(channel: Channel, change: Change) -> bool:
    noticed = Noticed(
        None,
        change.key or uuid4(),
        None,
        change.subject,
        change.is_failing,
        change.message,
        change.link,
        datetime.now(UTC).replace(tzinfo=None),
    )
    try:
        channel.send(notice_body(noticed))
    except ChannelError as failure:
        log.warning("outage_not_told", reason=str(failure))
        return False
    return True

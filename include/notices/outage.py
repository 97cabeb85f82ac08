"""While the database is away, its outage cannot be recorded there: a file below STACK_DIR holds that much."""

import json
from datetime import UTC, datetime
from pathlib import Path

from include.log import get_logger
from include.notices import webhook
from include.notices.types import Change, Notice
from include.settings import Settings

SUBJECT = "check database"

log = get_logger()


def tell_outage(settings: Settings, message: str) -> None:
    """Report once that the database is away; if the webhook does not accept that, the next call tries again."""
    known = _read(settings)
    if known is not None and known.is_sent:
        return
    change = known or Change(SUBJECT, True, message)
    now = datetime.now(UTC).replace(tzinfo=None)
    is_sent = webhook.post(settings, Notice(None, change.subject, True, change.message, None, now))
    _write(settings, Change(SUBJECT, True, change.message, is_sent=is_sent))


def changes(settings: Settings) -> list[Change]:
    """Return the changes to record after an outage: that it began, whether it was reported, and that it is over."""
    known = _read(settings)
    return [] if known is None else [known, Change(SUBJECT, False, "the database answers again")]


def forget(settings: Settings) -> None:
    """Forget the outage, once it is recorded in the database."""
    _file(settings).unlink(missing_ok=True)


def _file(settings: Settings) -> Path:
    return settings.stack.dir / "database_outage.json"


def _read(settings: Settings) -> Change | None:
    try:
        kept = json.loads(_file(settings).read_text())
        return Change(SUBJECT, True, str(kept["message"]), is_sent=bool(kept["is_sent"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(settings: Settings, change: Change) -> None:
    try:
        _file(settings).write_text(json.dumps({"message": change.message, "is_sent": change.is_sent}))
    except OSError as error:
        log.warning("outage_not_kept", error=type(error).__name__)

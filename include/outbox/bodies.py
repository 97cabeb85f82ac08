"""What a message says, for programs and for people. Pure."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from include.outbox.types import Noticed, Told

SOURCE = "heartbeat-monitoring"
NAMESPACE = UUID("5ad53ee6-6f40-4b0c-8f3e-0d6d5a1f3a0b")
# How many things a summary names one by one.
_NAMED = 20


def alarm_body(told: Told, link: str) -> dict[str, Any]:
    """Return what is said of a transition, or of an alarm that nobody has acknowledged."""
    return {
        "source": SOURCE,
        "event": told.kind,
        "alarm": told.alarm_id,
        "customer_id": str(told.customer_id),
        "rule": told.rule,
        "severity": told.severity,
        "onset": _written(told.onset),
        "opened": _written(told.opened),
        "cleared": _written(told.cleared),
        "peak_bpm": told.peak_bpm,
        "recorded_at": _written(told.recorded_at),
        "link": link,
    }


def notice_body(noticed: Noticed) -> dict[str, Any]:
    """Return what is said of a change of state; it holds no customer id or payload."""
    return {
        "source": SOURCE,
        "event": "notice",
        "key": str(noticed.key),
        "id": noticed.number,
        "subject": noticed.subject,
        "state": "failing" if noticed.is_failing else "over",
        "message": noticed.message,
        "link": noticed.link,
        "at": _written(noticed.noted_at),
    }


def report_body(key: UUID, subject: str, message: str, link: str, *, at: datetime) -> dict[str, Any]:
    """Return what is said of a daily report."""
    return {
        "source": SOURCE,
        "event": "report",
        "key": str(key),
        "subject": subject,
        "message": message,
        "link": link,
        "at": _written(at),
    }


def summary_body(own: Sequence[Told | Noticed], link: str) -> dict[str, Any]:
    """Return what is said of many at once: how many of each kind, and the first of them, notices before alarms."""
    notices = [item for item in own if isinstance(item, Noticed)]
    alarms = [item for item in own if isinstance(item, Told)]
    first = [
        *({"key": str(key_of(each)), "subject": each.subject, "state": _state(each)} for each in notices),
        *({"key": str(key_of(each)), "alarm": each.alarm_id, "event": each.kind} for each in alarms),
    ]
    kinds = [f"{each.rule} {each.kind}" for each in alarms]
    return {
        "source": SOURCE,
        "event": "summary",
        "changes": len(own),
        "counts": dict(Counter([*(f"notice {_state(each)}" for each in notices), *kinds])),
        "first": first[:_NAMED],
        "link": link,
    }


def key_of(item: Told | Noticed) -> UUID:
    """Return what a repeat can be told by; each reminder has a key of its own."""
    if isinstance(item, Told) and item.kind == "reminder":
        return uuid5(item.key, f"reminder-{len(item.channels)}")
    return item.key


def summary_key(own: Sequence[Told | Noticed], channel: int) -> UUID:
    """Return a key that the same summary always has."""
    return uuid5(NAMESPACE, f"{channel}:" + ",".join(str(key_of(item)) for item in own))


def encode(body: Mapping[str, Any]) -> bytes:
    """Return a message's body as it is sent and signed."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), default=str).encode()


def in_words(body: Mapping[str, Any]) -> tuple[str, str]:
    """Return title and text for a person, with the key by which a repeat can be told."""
    title, text = _WORDS.get(body["event"], _alarm_in_words)(body)
    return title, " ".join(filter(None, [f"{text}.", body["link"], f"[{body['key']}]"]))


def _alarm_in_words(body: Mapping[str, Any]) -> tuple[str, str]:
    cleared = f", until {body['cleared']}" if body["cleared"] else ""
    peak = "" if body["peak_bpm"] is None else f", peak {body['peak_bpm']} bpm"
    text = f"customer {body['customer_id']}, since {body['onset']}{cleared}{peak}"
    return f"{body['severity']}: {body['rule']} {body['event']} (alarm {body['alarm']})", text


def _notice_in_words(body: Mapping[str, Any]) -> tuple[str, str]:
    return f"{body['subject']}: {body['state']}", str(body["message"]).rstrip(".")


def _summary_in_words(body: Mapping[str, Any]) -> tuple[str, str]:
    counts = [f"{count} {kind}" for kind, count in body["counts"].items()]
    subjects = [f"{each['subject']}: {each['state']}" for each in body["first"] if "subject" in each]
    return f"{body['changes']} changes at once", "; ".join([*counts, *subjects])


def _report_in_words(body: Mapping[str, Any]) -> tuple[str, str]:
    return str(body["subject"]), str(body["message"]).rstrip(".")


_WORDS = {"notice": _notice_in_words, "summary": _summary_in_words, "report": _report_in_words}


def _state(noticed: Noticed) -> str:
    return "failing" if noticed.is_failing else "over"


def _written(instant: datetime | None) -> str | None:
    return None if instant is None else f"{instant.isoformat()}Z"

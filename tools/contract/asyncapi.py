"""The topic as AsyncAPI 3: where events are sent, how they are keyed, which headers count, what an event is."""

from typing import Any

from include.broker.topic import MOST_AHEAD, MOST_BEHIND, RETENTION, topic_limits
from include.domain.original_time import ORIGINAL_TIME_HEADER
from include.domain.reasons import EXPLANATIONS, Reason
from include.domain.schema import CUSTOMER_ID
from include.replay.rules import TRACE_HEADER
from include.settings import Settings
from include.version import product_version
from tools.contract.event import BEYOND_THE_SCHEMA, EXAMPLE, event_schema

_KAFKA_BINDING = "0.5.0"
_ABOUT = (
    "Heart rates of customers, one event for each reading. The stream stores each event once, keeps with a reason what "
    "it rejects, and ignores fields that it does not know. Address, topic and partitions are the settings' defaults."
)


def asyncapi_document(settings: Settings) -> dict[str, Any]:
    """Return the document, with the settings' addresses and names."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Heartbeats",
            "version": product_version(),
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"kafka": _server(settings)},
        "channels": {"heartbeats": _channel(settings)},
        "operations": {"storeHeartbeats": _operation()},
        "components": {"messages": {"heartbeat": _message()}},
    }


def _server(settings: Settings) -> dict[str, Any]:
    is_secured = settings.kafka.security_protocol != "PLAINTEXT"
    return {
        "host": settings.kafka.broker,
        "protocol": "kafka-secure" if is_secured else "kafka",
        "description": "KAFKA_BROKER. A broker with a login or TLS: KAFKA_SECURITY_PROTOCOL and what belongs to it.",
    }


def _channel(settings: Settings) -> dict[str, Any]:
    limits = {key: int(value) for key, value in topic_limits(settings).items()}
    return {
        "address": settings.kafka.topic,
        "title": "Heartbeats",
        "description": "KAFKA_TOPIC. A topic that the product makes refuses records whose Kafka timestamp lies more "
        f"than {MOST_BEHIND} = {limits[MOST_BEHIND]} behind the broker's clock, or more than "
        f"{MOST_AHEAD} = {limits[MOST_AHEAD]} ahead of it.",
        "servers": [{"$ref": "#/servers/kafka"}],
        "messages": {"heartbeat": {"$ref": "#/components/messages/heartbeat"}},
        "bindings": {
            "kafka": {
                "topic": settings.kafka.topic,
                "partitions": settings.kafka.partitions,
                "topicConfiguration": {RETENTION: limits[RETENTION]},
                "bindingVersion": _KAFKA_BINDING,
            }
        },
    }


def _operation() -> dict[str, Any]:
    return {
        "action": "receive",
        "title": "Store heartbeats",
        "summary": "The stream takes each event once: it is accepted, a duplicate, or quarantined with a reason.",
        "channel": {"$ref": "#/channels/heartbeats"},
        "messages": [{"$ref": "#/channels/heartbeats/messages/heartbeat"}],
    }


def _message() -> dict[str, Any]:
    key = {
        "type": "string",
        "description": f"The {CUSTOMER_ID}, so that one customer's readings keep their order. It is not judged.",
    }
    return {
        "name": "heartbeat",
        "title": "Heartbeat",
        "summary": "One heart rate of one customer at one instant.",
        "contentType": "application/json",
        "headers": _headers(),
        "payload": event_schema(),
        "bindings": {"kafka": {"key": key, "bindingVersion": _KAFKA_BINDING}},
        "examples": [{"name": "reading", "payload": dict(EXAMPLE)}],
        "x-reasons": {reason.value: EXPLANATIONS[reason] for reason in Reason},
        "x-rules-beyond-the-schema": [
            {"name": rule.name, "reason": rule.reason.value, "meaning": rule.meaning}
            for rule in BEYOND_THE_SCHEMA
        ],
    }


def _headers() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "None is needed, and others are kept with a record that is rejected.",
        "properties": {
            ORIGINAL_TIME_HEADER.decode(): {
                "type": "string",
                "pattern": "^[0-9]{1,15}$",
                "description": "Milliseconds since 1970 UTC: the Kafka timestamp that a copy had before it was sent "
                "again. How old its reading may be is judged by it.",
            },
            TRACE_HEADER: {
                "type": "string",
                "description": "Which rejected record was sent again, as heartbeat_replay writes it.",
            },
        },
    }

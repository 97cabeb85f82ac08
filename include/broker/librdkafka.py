"""The librdkafka that confluent_kafka brings along, asked for many messages at a time without an object each.

confluent_kafka makes a Message for every record, which costs more than judging and encoding it. Only what librdkafka's
header promises to everybody is used here: its functions, and the layout of its public structures.
"""

import ctypes
from collections.abc import Callable, Mapping
from ctypes import POINTER, Structure, byref, c_char_p, c_int, c_int32, c_int64, c_size_t, c_void_p
from functools import cache

from confluent_kafka import KafkaError, KafkaException, cimpl

_CONSUMER = 1
_CONFIGURED = 0
_NO_POSITION = -1001
_ERROR_TEXT_BYTES = 512
_ErrorCallback = ctypes.CFUNCTYPE(None, c_void_p, c_int, c_char_p, c_void_p)


class RawMessage(Structure):
    """rd_kafka_message_t."""

    _fields_ = (
        ("error", c_int),
        ("topic", c_void_p),
        ("partition", c_int32),
        ("value", c_void_p),
        ("length", c_size_t),
        ("key", c_void_p),
        ("key_length", c_size_t),
        ("offset", c_int64),
        ("private", c_void_p),
    )


class _Place(Structure):
    """rd_kafka_topic_partition_t."""

    _fields_ = (
        ("topic", c_char_p),
        ("partition", c_int32),
        ("offset", c_int64),
        ("metadata", c_void_p),
        ("metadata_size", c_size_t),
        ("opaque", c_void_p),
        ("error", c_int),
        ("private", c_void_p),
    )


class _Places(Structure):
    """rd_kafka_topic_partition_list_t."""

    _fields_ = (("count", c_int), ("size", c_int), ("places", POINTER(_Place)))


# What each function returns, and what it takes.
_FUNCTIONS = {
    "conf_new": (c_void_p, ()),
    "conf_set": (c_int, (c_void_p, c_char_p, c_char_p, c_char_p, c_size_t)),
    "conf_set_error_cb": (None, (c_void_p, _ErrorCallback)),
    "conf_set_log_cb": (None, (c_void_p, c_void_p)),
    "conf_destroy": (None, (c_void_p,)),
    "new": (c_void_p, (c_int, c_void_p, c_char_p, c_size_t)),
    "destroy": (None, (c_void_p,)),
    "last_error": (c_int, ()),
    "err2str": (c_char_p, (c_int,)),
    "poll_set_consumer": (c_int, (c_void_p,)),
    "consumer_close": (c_int, (c_void_p,)),
    "queue_get_consumer": (c_void_p, (c_void_p,)),
    "queue_destroy": (None, (c_void_p,)),
    "consume_batch_queue": (c_size_t, (c_void_p, c_int, c_void_p, c_size_t)),
    "assign": (c_int, (c_void_p, POINTER(_Places))),
    "position": (c_int, (c_void_p, POINTER(_Places))),
    "topic_partition_list_new": (POINTER(_Places), (c_int,)),
    "topic_partition_list_add": (POINTER(_Place), (POINTER(_Places), c_char_p, c_int32)),
    "topic_partition_list_destroy": (None, (POINTER(_Places),)),
    "message_timestamp": (c_int64, (c_void_p, c_void_p)),
    "message_destroy": (None, (c_void_p,)),
    "message_errstr": (c_char_p, (c_void_p,)),
    "message_headers": (c_int, (c_void_p, POINTER(c_void_p))),
    "header_get_all": (
        c_int,
        (c_void_p, c_size_t, POINTER(c_char_p), POINTER(c_void_p), POINTER(c_size_t)),
    ),
}


@cache
def library() -> ctypes.CDLL:
    """Return librdkafka as confluent_kafka has loaded it, its functions typed."""
    found = ctypes.CDLL(cimpl.__file__)  # what that module was linked to is found through it
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(found, f"rd_kafka_{name}")
        function.restype, function.argtypes = result, arguments
    return found


def address_of_function(name: str) -> int:
    """Return where one of librdkafka's functions lies."""
    return ctypes.cast(getattr(library(), f"rd_kafka_{name}"), c_void_p).value or 0


class RawConsumer:
    """A consumer of librdkafka's that is told what to read; for one thread."""

    def __init__(self, options: Mapping[str, object], on_error: Callable[[KafkaError], None]) -> None:
        self._library = library()

        def hear(_client: int, code: int, reason: bytes, _opaque: int) -> None:
            on_error(KafkaError(code, reason.decode(errors="replace")))

        self._hear = _ErrorCallback(hear)  # kept: librdkafka calls it as long as the consumer lives
        self._client = self._open(options)
        self._library.rd_kafka_poll_set_consumer(self._client)
        self._queue = self._library.rd_kafka_queue_get_consumer(self._client)

    def assign(self, topic: str, offsets: Mapping[int, int]) -> None:
        """Read these partitions from these offsets on, and no others."""
        places = self._places(topic, offsets)
        code = self._library.rd_kafka_assign(self._client, places)
        self._library.rd_kafka_topic_partition_list_destroy(places)
        self._require(code)

    def consume(self, into: int, most: int, timeout_seconds: float) -> int:
        """Write the addresses of up to so many messages there, and return how many; each has to be given back."""
        timeout_ms = int(timeout_seconds * 1000)
        return int(self._library.rd_kafka_consume_batch_queue(self._queue, timeout_ms, into, most))

    def positions(self, topic: str, partitions: Mapping[int, int]) -> dict[int, int]:
        """Return how far the reading of these partitions has come, of those where it has begun."""
        places = self._places(topic, partitions)
        code = self._library.rd_kafka_position(self._client, places)
        found = [places.contents.places[at] for at in range(places.contents.count)]
        positions = {place.partition: place.offset for place in found if place.offset != _NO_POSITION}
        self._library.rd_kafka_topic_partition_list_destroy(places)
        self._require(code)
        return positions

    def close(self) -> None:
        """Leave the broker; all messages have to be given back before."""
        if self._client:
            self._library.rd_kafka_consumer_close(self._client)
            self._library.rd_kafka_queue_destroy(self._queue)
            self._library.rd_kafka_destroy(self._client)
            self._client = None

    def _open(self, options: Mapping[str, object]) -> int | None:
        text = ctypes.create_string_buffer(_ERROR_TEXT_BYTES)
        configuration = self._library.rd_kafka_conf_new()
        for name, value in options.items():
            said = str(value).lower() if isinstance(value, bool) else str(value)
            answer = self._library.rd_kafka_conf_set(
                configuration, name.encode(), said.encode(), text, len(text)
            )
            if answer != _CONFIGURED:
                self._library.rd_kafka_conf_destroy(configuration)
                raise KafkaException(KafkaError(KafkaError._INVALID_ARG, text.value.decode()))
        self._library.rd_kafka_conf_set_error_cb(configuration, self._hear)
        # It logs each failed attempt to connect; what matters comes as an error.
        self._library.rd_kafka_conf_set_log_cb(configuration, None)
        client: int | None = self._library.rd_kafka_new(_CONSUMER, configuration, text, len(text))
        if not client:
            self._library.rd_kafka_conf_destroy(configuration)
            raise KafkaException(KafkaError(KafkaError._INVALID_ARG, text.value.decode()))
        return client

    def _places(self, topic: str, offsets: Mapping[int, int]) -> "ctypes._Pointer[_Places]":
        places: ctypes._Pointer[_Places] = self._library.rd_kafka_topic_partition_list_new(len(offsets))
        for partition, offset in offsets.items():
            added = self._library.rd_kafka_topic_partition_list_add(places, topic.encode(), partition)
            added.contents.offset = offset
        return places

    def _require(self, code: int) -> None:
        if code:
            raise KafkaException(KafkaError(code, self._library.rd_kafka_err2str(code).decode()))


def error_of(message: int) -> KafkaError:
    """Return what a message that is an error says."""
    raw = RawMessage.from_address(message)
    return KafkaError(raw.error, (library().rd_kafka_message_errstr(message) or b"").decode(errors="replace"))


def headers_of(message: int) -> tuple[list[tuple[bytes, bytes | None]], bool]:
    """Return a message's headers, and whether their names are surely whole: a name is cut off at its first NUL."""
    headers = c_void_p()
    has_none = library().rd_kafka_message_headers(message, byref(headers))
    return ([], True) if has_none else headers_in(headers)


def headers_in(headers: c_void_p) -> tuple[list[tuple[bytes, bytes | None]], bool]:
    """Return what is in a list of headers, and whether the names are surely whole.

    librdkafka lays a value right behind its name. That is not promised: a value anywhere else leaves it in doubt.
    """
    name, value, size = c_char_p(), c_void_p(), c_size_t()
    found: list[tuple[bytes, bytes | None]] = []
    are_whole = True
    while not library().rd_kafka_header_get_all(headers, len(found), byref(name), byref(value), byref(size)):
        content = ctypes.string_at(value.value, size.value) if value.value else None
        found.append((name.value or b"", content))
        begin = ctypes.cast(name, c_void_p).value or 0
        are_whole &= value.value == begin + len(found[-1][0]) + 1
    return found, are_whole


def key_of(message: int) -> bytes | None:
    """Return a message's key."""
    raw = RawMessage.from_address(message)
    return ctypes.string_at(raw.key, raw.key_length) if raw.key else None

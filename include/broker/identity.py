"""Ask who the topic is, beside other work: a task asks, stores, and reads the answer before it commits."""

from concurrent.futures import Future
from typing import Any
from uuid import UUID

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from include.broker.access import LIBRDKAFKA_LOG, is_refusal, librdkafka_error, librdkafka_options
from include.broker.topic import Topic
from include.errors import PermanentError, TopicMissingError, TransientError
from include.settings import Settings

ANSWER_SECONDS = 10.0


class TopicQuestion:
    """An open question about the topic; the answer is no older than the question."""

    def __init__(self, watch: "TopicWatch", name: str, answer: "Future[Any]") -> None:
        self._watch, self._name, self._answer = watch, name, answer

    def topic(self) -> Topic:
        """Wait for the answer; raise TopicMissingError if there is no such topic, else what the refusal means."""
        try:
            found = self._answer.result(ANSWER_SECONDS + 1)
        except KafkaException as error:
            raise self._watch.failure(self._name, error.args[0]) from None
        except TimeoutError:
            raise self._watch.failure(self._name, KafkaError(KafkaError._TIMED_OUT)) from None
        self._watch.forget_refusals()
        identity = found.topic_id
        bits = (
            identity.get_most_significant_bits() % 2**64
        ) << 64 | identity.get_least_significant_bits() % 2**64
        return Topic(found.name, UUID(int=bits), sorted(each.id for each in found.partitions))


class TopicWatch:
    """Puts the question, over a connection that lives on."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._refusal: KafkaError | None = None
        self._client = AdminClient(
            {**librdkafka_options(settings), "logger": LIBRDKAFKA_LOG, "error_cb": self._hear}  # type: ignore[dict-item]
        )

    def ask(self, name: str) -> TopicQuestion:
        """Put the question and go on."""
        answers = self._client.describe_topics(TopicCollection([name]), request_timeout=ANSWER_SECONDS)
        return TopicQuestion(self, name, answers[name])

    def failure(self, name: str, error: KafkaError) -> TransientError | PermanentError:
        """Say why there was no answer: a client that cannot log in only says that its time was up."""
        if error.code() in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC):
            return TopicMissingError(topic=name, broker=self._settings.kafka.broker)
        self._client.poll(0)
        refusal, self._refusal = self._refusal, None
        return librdkafka_error(self._settings, refusal or error)

    def forget_refusals(self) -> None:
        """Let go of what has passed: it is not why a later question fails."""
        self._client.poll(0)
        self._refusal = None

    def _hear(self, error: KafkaError) -> None:
        if is_refusal(error):
            self._refusal = error

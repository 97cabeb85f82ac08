"""The task that waits, without a worker, until the stream has passed an hour's end."""

import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.triggers.base import BaseTrigger, TriggerEvent

from dags.connections import airflow_opener
from include.errors import HeartbeatError, PermanentError, TransientError
from include.settings import get_settings


class WaitForStream(BaseOperator):
    """Succeed when the stream has passed the hour; fail with what it waits for after HOURLY_WAIT_SECONDS."""

    template_fields = ("hour",)

    def __init__(self, *, hour: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hour = hour

    def execute(self, context: Context) -> None:  # noqa: ARG002 - Airflow passes it by name
        """Look once, and hand over to the trigger if it is too early; refuse an hour that can never be settled."""
        from include.db.connect import opened_by
        from include.hourly.passing import has_passed  # the Kafka client is not needed to parse
        from include.hourly.run import chosen_hour

        settings = get_settings()
        hour = chosen_hour(settings, self.hour)
        # A broker or database that is away is waited for too.
        with suppress(TransientError), opened_by(airflow_opener()):
            if has_passed(settings, hour):
                return
        deadline = time.time() + settings.hourly.wait_seconds
        self.defer(trigger=StreamPassed(hour=self.hour, deadline=deadline), method_name="resume")

    def resume(self, context: Context, event: dict[str, Any]) -> None:  # noqa: ARG002
        """Fail if the trigger gave up."""
        if event["failure"]:
            raise (TransientError if event["can_retry"] else PermanentError)(event["failure"])


class StreamPassed(BaseTrigger):
    """Fires once the stream has passed the hour, or at `deadline` (Unix time) with the reason why not."""

    def __init__(self, *, hour: str, deadline: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.hour, self.deadline = hour, deadline

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what a triggerer makes this trigger from again."""
        return f"{__name__}.{type(self).__name__}", {"hour": self.hour, "deadline": self.deadline}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and fire once."""
        from include.db.connect import opened_by
        from include.domain.hours import as_hour
        from include.hourly.passing import wait_until_passed

        failure, can_retry = None, False
        try:
            with opened_by(airflow_opener()):
                await wait_until_passed(get_settings(), as_hour(self.hour), deadline=self.deadline)
        except HeartbeatError as error:
            failure, can_retry = str(error), isinstance(error, TransientError)
        yield TriggerEvent({"failure": failure, "can_retry": can_retry})  # type: ignore[no-untyped-call]

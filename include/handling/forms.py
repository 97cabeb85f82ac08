"""What the page asks and what its users hand in, each within bounds. Imported wherever Airflow loads the page."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(max_length=1000)]
# PostgreSQL takes no NUL in a text.
Word = Annotated[str, Field(max_length=40, pattern="^[^\\x00]*$")]


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Wanted(_Form):
    """Which alarms: open ones, those of them that nobody has acknowledged, or those of the last days too."""

    show: Literal["open", "unseen", "all"] = "open"
    severity: Literal["warning", "critical"] | None = None
    rule: Word | None = None
    customer_id: UUID | None = None


class OneAlarm(_Form):
    """Which alarm."""

    id: int = Field(ge=1, lt=2**63)


class Acknowledgement(OneAlarm):
    """That an alarm was seen."""

    note: Text | None = None


class Rest(OneAlarm):
    """For how long an alarm, and its customer's rule, shall rest."""

    minutes: int = Field(ge=1, le=43_200)


class Note(OneAlarm):
    """What is worth knowing of an alarm."""

    note: Text


class _AsWritten(_Form):
    def fields(self) -> dict[str, str]:
        """Return what was written, as the commands take it."""
        return {key: str(value) for key, value in self.model_dump().items()}


class OwnLimit(_AsWritten):
    """A customer's own limit as a person writes it; without any number the policy's apply again."""

    customer_id: UUID
    rule: Word
    limit_bpm: Word = ""
    clear_bpm: Word = ""
    after_seconds: Word = ""
    valid_from: Word = ""


class Pause(_AsWritten):
    """A while in which nobody expects readings of a customer; without an end it goes on."""

    customer_id: UUID
    starts: Word = ""
    ends: Word = ""


class OnePause(_Form):
    """Which pause."""

    id: int = Field(ge=1, lt=2**63)

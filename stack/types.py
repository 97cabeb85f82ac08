"""What a part of the stack is, and what is known about one at an instant."""

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from stack.accounts import Account

RunState = Literal["running", "unready", "stopped"]


@dataclass(frozen=True, slots=True)
class PortClaim:
    """An address that a part will listen on, and the setting to change when it is not free."""

    setting: str
    host: str
    port: int

    @property
    def address(self) -> str:
        """`host:port`."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Launch:
    """How a part's process is started; `account` is whom it runs as when we are root."""

    command: Sequence[str]
    output_file: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None


@dataclass(frozen=True, slots=True)
class StopStep:
    """A signal, and how long it may take to work before the next one is sent."""

    signal: signal.Signals
    patience_seconds: float


@dataclass(frozen=True, slots=True)
class PartState:
    """A part as it is now; everything that only a process has is None when there is none."""

    name: str
    state: RunState
    port: int
    folder: Path
    pid: int | None = None
    memory_bytes: int | None = None
    since: datetime | None = None


class Part(Protocol):
    """A background server. A new one is added by writing this class and naming it in `parts.py`."""

    @property
    def name(self) -> str: ...

    @property
    def folder(self) -> Path: ...

    @property
    def log_files(self) -> tuple[Path, ...]:
        """Where it writes, the most telling file first."""
        ...

    @property
    def ready_timeout_seconds(self) -> float: ...

    @property
    def usual_start_seconds(self) -> float:
        """How long its start takes on an ordinary machine, to tell those who wait."""
        ...

    @property
    def stop_steps(self) -> tuple[StopStep, ...]:
        """From the gentlest to the one that always works."""
        ...

    def claims(self) -> tuple[PortClaim, ...]:
        """Return the addresses that it listens on, the one that clients use first."""
        ...

    def prepare(self) -> Launch:
        """Bring the data folder into being where it is not there; return how to start the server."""
        ...

    def is_ready(self) -> bool:
        """Ask the server itself; raise HeartbeatError when waiting longer cannot help."""
        ...

    def settle(self) -> None:
        """Do what needs the running server; doing it again changes nothing."""
        ...

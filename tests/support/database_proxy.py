"""Stands between clients and PostgreSQL: sees each statement arrive, and can end all or hold one back at any of them.

What is cut off here is cut off as by a crash: the server sees its sessions end, and nobody else comes to know of it.
"""

import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import Enum

from tests.support.statements import name_of

_TLS_OR_GSS = (80877103, 80877104)
_CHUNK_BYTES = 1 << 16
_END_OF_COPY = "end of "


class When(Enum):
    """At which instant of a statement the proxy steps in."""

    BEFORE = "before"  # it has not arrived
    AFTER = "after"  # it was carried out, and the answer never comes back


@dataclass(frozen=True, slots=True)
class Point:
    """A statement that a session of this name sends, told from its repetitions by its number among them.

    Number 0 is whichever comes next.
    """

    session: str
    statement: str
    number: int = 0


@dataclass(slots=True)
class _Session:
    """One client's session."""

    client: socket.socket
    server: socket.socket
    name: str = ""
    prepared: dict[bytes, str] = field(default_factory=dict)
    pending: Point | None = None
    short_answers: int = 0
    is_frozen: bool = False


class DatabaseProxy:
    """Listens on a port of its own; `arrived` are the statements in the order in which they came."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self.arrived: list[Point] = []
        self._counts = Counter[Point]()
        self._lock = threading.Lock()
        self._sessions: list[_Session] = []
        self._steps: dict[tuple[Point, When], Callable[[_Session], bool]] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._is_over = threading.Event()
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    # What a test does to the clients

    def die_at(self, point: Point, when: When) -> threading.Event:
        """Cut off everybody at this point and let nobody in again; the event tells that it has come to that."""
        return self._step_in(point, when, lambda _: self.cut_off(is_for_good=True))

    def lose_connection_at(self, point: Point, when: When) -> threading.Event:
        """Cut off everybody at this point, who may come again."""
        return self._step_in(point, when, lambda _: self.cut_off())

    @contextmanager
    def holding_at(self, point: Point) -> Iterator[threading.Event]:
        """Hold this statement back until the `with` block has ended."""
        is_over = threading.Event()

        def wait(_: _Session) -> None:
            is_over.wait()

        try:
            yield self._step_in(point, When.BEFORE, wait)
        finally:
            is_over.set()

    def freeze(self) -> int:
        """Forward nothing more between those who are connected now, and leave them so; return how many that befalls."""
        with self._lock:
            flowing = [session for session in self._sessions if not session.is_frozen]
            for session in flowing:
                session.is_frozen = True
            return len(flowing)

    def end_frozen(self) -> int:
        """End the connections that pass nothing on; return how many those were."""
        with self._lock:
            frozen = [session for session in self._sessions if session.is_frozen]
        for session in frozen:
            _close(session.client)
            _close(session.server)
        return len(frozen)

    def cut_off(self, *, is_for_good: bool = False) -> None:
        """End all sessions, and let nobody in again if it is for good."""
        if is_for_good:
            _close(self._listener)
        with self._lock:
            sessions, self._sessions = self._sessions, []
        for session in sessions:
            _close(session.client)
            _close(session.server)

    def close(self) -> None:
        """End everything."""
        self._is_over.set()
        self.cut_off(is_for_good=True)

    # What goes through

    def _step_in(self, point: Point, when: When, act: Callable[[_Session], None]) -> threading.Event:
        has_come = threading.Event()

        def step(session: _Session) -> bool:
            has_come.set()
            act(session)
            return True

        self._steps[point, when] = step
        return has_come

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(self._target)
                except OSError:
                    _close(client)
                    continue
                for one in (client, server):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                session = _Session(client, server)
                with self._lock:
                    self._sessions.append(session)
                for work in (self._to_server, self._to_client):
                    threading.Thread(target=self._carry, args=(work, session), daemon=True).start()

    def _carry(self, work: Callable[[_Session], None], session: _Session) -> None:
        with suppress(OSError, EOFError):
            work(session)
        _close(session.client)
        _close(session.server)
        with self._lock, suppress(ValueError):
            self._sessions.remove(session)

    def _to_server(self, session: _Session) -> None:
        _pass_login(session)
        group, executes, text = b"", False, ""
        for kind, body, message in _messages(session.client):
            group += message
            if kind == b"P":
                name, statement, _ = body.split(b"\0", 2)
                session.prepared[name] = text = statement.decode()
            elif kind == b"B":
                text = session.prepared[body.split(b"\0", 2)[1]]
            elif kind == b"E":
                executes = True
            elif kind == b"Q":
                executes, text = True, body[:-1].decode()
            elif kind in (b"c", b"f"):
                executes, text = True, _END_OF_COPY + text.removeprefix(_END_OF_COPY)
            if kind in (b"S", b"Q", b"c", b"f"):
                if executes:
                    self._arrive(session, text)
                self._pass_on(session, session.server, group)
                group, executes = b"", False
            elif kind in (b"d", b"X", b"p", b"H"):
                self._pass_on(session, session.server, group)
                group = b""

    def _pass_on(self, session: _Session, target: socket.socket, message: bytes) -> None:
        if session.is_frozen:
            self._is_over.wait()
        target.sendall(message)

    def _arrive(self, session: _Session, text: str) -> None:
        with self._lock:
            kind = Point(session.name, name_of(text))
            self._counts[kind] += 1
            point = replace(kind, number=self._counts[kind])
            self.arrived.append(point)
        session.pending = point
        self._step(session, When.BEFORE)

    def _step(self, session: _Session, when: When) -> bool:
        if (point := session.pending) is None:
            return False
        step = self._steps.get((point, when)) or self._steps.get((replace(point, number=0), when))
        return bool(step and step(session))

    def _to_client(self, session: _Session) -> None:
        answer = b""
        for kind, _, message in _messages(session.server, short_answers=session):
            answer += message
            is_whole = kind in (b"Z", b"G", b"")
            if is_whole and self._step(session, When.AFTER):
                return
            # An answer that may have to be lost is kept until it is whole.
            if is_whole or (session.pending, When.AFTER) not in self._steps:
                self._pass_on(session, session.client, answer)
                answer = b""


def _pass_login(session: _Session) -> None:
    """Pass on what comes before the first message proper: wishes for encryption, then the start itself."""
    while True:
        head = _read(session.client, 8)
        size, code = struct.unpack(">ii", head)
        session.short_answers += code in _TLS_OR_GSS
        rest = _read(session.client, size - 8)
        session.server.sendall(head + rest)
        if code not in _TLS_OR_GSS:
            words = rest.split(b"\0")
            session.name = (
                dict(zip(words[::2], words[1::2], strict=False)).get(b"application_name", b"").decode()
            )
            return


def _messages(
    source: socket.socket, *, short_answers: _Session | None = None
) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield kind, body and whole of each message; kind is empty for a one-letter answer to a wish for encryption."""
    while True:
        kind = _read(source, 1)
        if short_answers and short_answers.short_answers:
            short_answers.short_answers -= 1
            yield b"", b"", kind
            continue
        size = _read(source, 4)
        body = _read(source, struct.unpack(">i", size)[0] - 4)
        yield kind, body, kind + size + body


def _read(source: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        if not (more := source.recv(min(size - len(found), _CHUNK_BYTES))):
            raise EOFError
        found += more
    return found


def _close(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()

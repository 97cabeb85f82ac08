"""The locked jars, which are Kafka's broker: fetched once for all clones of this user.

`jars.lock` holds exact coordinates, checksums and sizes; `python -m stack.lock` writes it. What is in
the cache is checked before each use, so a jar cut short or damaged is fetched anew and never loaded.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from include.errors import MissingPartError
from stack import ivy
from stack.locks import folder_lock

LOCK_FILE = Path(__file__).with_name("jars.lock")
STAGING_NAME = ".staging"
FETCH_WAIT_SECONDS = 900

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Jar:
    """One locked jar."""

    group: str
    name: str
    version: str
    sha256: str
    size_bytes: int

    @property
    def file_name(self) -> str:
        """Its name in the cache."""
        return f"{self.name}-{self.version}.jar"


@lru_cache(maxsize=1)
def locked_jars() -> tuple[Jar, ...]:
    """Return what `jars.lock` names."""
    return tuple(Jar(**jar) for jar in json.loads(LOCK_FILE.read_text()))


def missing_jars(jars: Iterable[Jar], cache: Path) -> list[Jar]:
    """Return those that are not in the cache, or not as they were locked."""
    return [jar for jar in jars if not _is_as_locked(cache / jar.file_name, jar)]


def require_jars(cache: Path) -> list[Path]:
    """Return the paths of the locked jars; raise MissingPartError when one has still to be fetched."""
    jars = locked_jars()
    if missing := missing_jars(jars, cache):
        raise MissingPartError(
            f"{len(missing)} of Kafka's {len(jars)} jars are missing or damaged in {cache}: run 'make setup'"
        )
    return [cache / jar.file_name for jar in jars]


def fetch_jars(
    jars: Iterable[Jar], cache: Path, *, java: Path, on_progress: Progress = lambda _: None
) -> None:
    """Bring jars into the cache; `on_progress` is told the bytes that are there of those missing.

    Finished ones are kept when it breaks off, and a second call goes on from there.
    """
    with _writable(cache), folder_lock(cache, wait_seconds=FETCH_WAIT_SECONDS):
        wanted = missing_jars(jars, cache)
        _take_over(wanted, cache)
        missing = missing_jars(wanted, cache)
        if missing:
            taken_bytes = sum(jar.size_bytes for jar in wanted) - sum(jar.size_bytes for jar in missing)
            _download(missing, cache, java, lambda staged_bytes: on_progress(taken_bytes + staged_bytes))
            _take_over(missing, cache)
        on_progress(sum(jar.size_bytes for jar in wanted))
        if damaged := missing_jars(missing, cache):
            names = ", ".join(jar.file_name for jar in damaged)
            raise MissingPartError(f"fetched, but not what jars.lock expects (is the mirror sound?): {names}")
        shutil.rmtree(cache / STAGING_NAME, ignore_errors=True)


@contextmanager
def _writable(cache: Path) -> Iterator[None]:
    """Make the folder, and turn what the disk refuses into one line."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise MissingPartError(
            f"the jars cannot be kept in {error.filename or cache}: {os.strerror(error.errno or 0)}; "
            "correct its rights, or set JAR_CACHE_DIR to another folder"
        ) from error


def sha256_of(file: Path) -> str:
    """Return the checksum in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _is_as_locked(file: Path, jar: Jar) -> bool:
    try:
        return file.stat().st_size == jar.size_bytes and sha256_of(file) == jar.sha256
    except OSError:
        return False


def _download(jars: list[Jar], cache: Path, java: Path, on_progress: Progress) -> None:
    staging = cache / STAGING_NAME
    ivy.resolve(
        [ivy.Coordinates(jar.group, jar.name, jar.version) for jar in jars],
        java=java,
        cache=staging,
        with_dependencies=False,
        on_wait=lambda: on_progress(_staged_bytes(staging)),
    )


def _take_over(jars: Iterable[Jar], cache: Path) -> None:
    """Move what Ivy has finished from staging into the cache; drop what is not as locked."""
    for jar in jars:
        for staged in (cache / STAGING_NAME).glob(f"{jar.group}/{jar.name}/*/{jar.file_name}"):
            if _is_as_locked(staged, jar):
                staged.replace(cache / jar.file_name)
            else:
                staged.unlink()


def _staged_bytes(staging: Path) -> int:
    total = 0
    for file in staging.glob("*/*/*/*.jar*"):
        with suppress(FileNotFoundError):  # Ivy renames a file when it is complete
            total += file.stat().st_size
    return total

"""The locked jars, which are Kafka's broker: fetched once for all clones of this user.

`jars.lock` holds exact coordinates, checksums and sizes; `python -m tools.jar_lock` writes it. What is in the cache is
checked before each use, so a jar that was cut short or damaged is fetched again and never loaded.

No address stands here: the Ivy inside pyspark knows Maven Central's. JAR_REPOSITORY names another one, such as a mirror
in your network; HTTPS_PROXY is honoured.
"""

import hashlib
import importlib.util
import json
import os
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import httpx

from include import web
from include.errors import MissingPartError
from include.terminal import plain
from stack.locks import folder_lock

LOCK_FILE = Path(__file__).with_name("jars.lock")
REPOSITORY_KEY = "JAR_REPOSITORY"
IVY_REPOSITORIES = "org/apache/ivy/core/settings/repository.properties"
CENTRAL_KEY = "ivy.ibiblio.default.artifact.root"
FETCH_WAIT_SECONDS = 900
TIMEOUT_SECONDS = 30.0


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

    @property
    def path(self) -> str:
        """Where it lies in a Maven repository."""
        return f"{self.group.replace('.', '/')}/{self.name}/{self.version}/{self.file_name}"


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


def fetch_jars(jars: Iterable[Jar], cache: Path) -> None:
    """Bring jars into the cache. Finished ones are kept when it breaks off, and a second call goes on from there."""
    with _writable(cache), folder_lock(cache, wait_seconds=FETCH_WAIT_SECONDS):
        missing = missing_jars(jars, cache)
        if missing:
            with _client() as client:
                for jar in missing:
                    _download(client, jar, cache)
        if damaged := missing_jars(missing, cache):
            names = ", ".join(jar.file_name for jar in damaged)
            raise MissingPartError(f"fetched, but not what jars.lock expects (is the mirror sound?): {names}")


@contextmanager
def _writable(cache: Path) -> Iterator[None]:
    """Turn what the disk refuses into one line."""
    try:
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


def ivy_jar() -> Path:
    """Return the Ivy that ships inside pyspark."""
    spec = importlib.util.find_spec("pyspark")
    found = sorted((Path(spec.origin).parent / "jars").glob("ivy-*.jar")) if spec and spec.origin else []
    if not found:
        raise MissingPartError("pyspark's Ivy is not there: delete .venv and run 'make setup' again")
    return found[-1]


def _repository() -> str:
    if named := os.environ.get(REPOSITORY_KEY):
        return named
    with zipfile.ZipFile(ivy_jar()) as ivy:
        lines = ivy.read(IVY_REPOSITORIES).decode().splitlines()
    return next(line.partition("=")[2].strip() for line in lines if line.startswith(CENTRAL_KEY))


@contextmanager
def _client() -> Iterator[httpx.Client]:
    trusted = web.trusted()
    try:
        with httpx.Client(
            base_url=_repository(), timeout=TIMEOUT_SECONDS, verify=trusted, follow_redirects=True
        ) as client:
            yield client
    except web.NOT_REACHED as error:
        raise MissingPartError(
            f"the jars could not be fetched: {_reason(error)}; check the network (HTTPS_PROXY) "
            f"or name a mirror ({REPOSITORY_KEY}), then run it again"
        ) from None


def _reason(error: Exception) -> str:
    if isinstance(
        error, httpx.HTTPStatusError
    ):  # its own words repeat the address, which may hold a password
        return f"the answer was {error.response.status_code} for {Path(error.request.url.path).name}"
    return plain(error) or type(error).__name__


def _download(client: httpx.Client, jar: Jar, cache: Path) -> None:
    """Fetch one jar; it gets its name only if it is as locked."""
    draft = cache / f".{jar.file_name}.part"
    try:
        with client.stream("GET", jar.path, headers={"Accept-Encoding": "identity"}) as answer:
            answer.raise_for_status()
            with draft.open("wb") as file:
                for chunk in answer.iter_bytes():
                    file.write(chunk)
        if _is_as_locked(draft, jar):
            draft.replace(cache / jar.file_name)
    finally:
        draft.unlink(missing_ok=True)


def _is_as_locked(file: Path, jar: Jar) -> bool:
    try:
        return file.stat().st_size == jar.size_bytes and sha256_of(file) == jar.sha256
    except OSError:
        return False

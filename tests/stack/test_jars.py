"""The locked jars: what the lock holds, and how jars come from a repository of the test's own."""

import os
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from include.errors import MissingPartError, StackBusyError
from stack import jars
from stack.jars import Jar, fetch_jars, missing_jars, sha256_of
from stack.locks import folder_lock
from tests.support.serving import serving

CONTENTS = {"alpha": b"a" * 70_000, "beta": b"b" * 30_000}


class Repository:
    """A Maven repository in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "repository"

    def publish(self, name: str, content: bytes) -> Path:
        file = self.folder / "org" / "example" / name / "1.0" / f"{name}-1.0.jar"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    def locked(self, name: str) -> Jar:
        file = self.publish(name, CONTENTS[name])
        return Jar("org.example", name, "1.0", sha256_of(file), file.stat().st_size)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    repository = Repository(tmp_path)

    class Files(SimpleHTTPRequestHandler):
        def __init__(self, *words: Any) -> None:
            super().__init__(*words, directory=str(repository.folder))

    with serving(Files) as address:
        monkeypatch.setenv(jars.REPOSITORY_KEY, f"{address}/")
        yield repository


@pytest.fixture
def locked(repository: Repository) -> list[Jar]:
    return [repository.locked(name) for name in CONTENTS]


def test_the_lock_names_each_jar_once_with_a_checksum_and_a_size() -> None:
    locked = jars.locked_jars()
    names = [jar.file_name for jar in locked]

    assert "kafka_2.13-4.4.0.jar" in names
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) and jar.size_bytes > 0 for jar in locked)


def test_fetched_jars_are_as_locked(locked: list[Jar], tmp_path: Path) -> None:
    cache = tmp_path / "cache"

    fetch_jars(locked, cache)

    assert [(cache / jar.file_name).read_bytes() for jar in locked] == list(CONTENTS.values())


def test_what_is_there_needs_no_repository(locked: list[Jar], repository: Repository, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    fetch_jars(locked, cache)
    for file in repository.folder.rglob("*.jar"):
        file.unlink()

    fetch_jars(locked, cache)

    assert missing_jars(locked, cache) == []


def test_a_damaged_jar_is_noticed_and_fetched_again(locked: list[Jar], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    fetch_jars(locked, cache)
    damaged = cache / locked[0].file_name
    damaged.write_bytes(b"x" + damaged.read_bytes()[1:])
    assert missing_jars(locked, cache) == [locked[0]]

    fetch_jars(locked, cache)

    assert missing_jars(locked, cache) == []


def test_after_a_break_only_the_rest_is_fetched(
    locked: list[Jar], repository: Repository, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    repository.publish("beta", b"").unlink()
    with pytest.raises(MissingPartError, match=jars.REPOSITORY_KEY):
        fetch_jars(locked, cache)

    repository.publish("alpha", b"").unlink()
    repository.publish("beta", CONTENTS["beta"])
    fetch_jars(locked, cache)

    assert missing_jars(locked, cache) == []


def test_a_jar_that_is_not_the_locked_one_never_enters_the_cache(
    locked: list[Jar], repository: Repository, tmp_path: Path
) -> None:
    repository.publish("alpha", b"A" * len(CONTENTS["alpha"]))

    with pytest.raises(MissingPartError, match=r"alpha-1\.0\.jar"):
        fetch_jars(locked, tmp_path / "cache")

    assert [file.name for file in (tmp_path / "cache").glob("*.jar")] == ["beta-1.0.jar"]


def test_two_at_once_do_not_disturb_each_other(locked: list[Jar], tmp_path: Path) -> None:
    cache, failures = tmp_path / "cache", list[Exception]()

    def fetch() -> None:
        try:
            fetch_jars(locked, cache)
        except Exception as error:
            failures.append(error)

    fetchers = [threading.Thread(target=fetch) for _ in range(2)]
    for fetcher in fetchers:
        fetcher.start()
    for fetcher in fetchers:
        fetcher.join()

    assert failures == []
    assert missing_jars(locked, cache) == []


def test_a_fetch_waits_for_another_one(
    locked: list[Jar], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jars, "FETCH_WAIT_SECONDS", 0)

    with folder_lock(tmp_path, wait_seconds=0), pytest.raises(StackBusyError):
        fetch_jars(locked, tmp_path)


def test_missing_jars_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingPartError, match="run 'make setup'"):
        jars.require_jars(tmp_path)


def test_a_cache_that_cannot_be_written_is_told_in_one_line(locked: list[Jar], tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")  # not even root makes a folder in a file

    with pytest.raises(MissingPartError, match=r"Not a directory; .* set JAR_CACHE_DIR"):
        fetch_jars(locked, tmp_path / "home" / ".cache")


def test_a_fetch_that_breaks_off_leaves_nothing_half(
    locked: list[Jar], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Short(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENTS["alpha"])))
            self.end_headers()
            self.wfile.write(CONTENTS["alpha"][:-1])

    with serving(Short) as address:
        monkeypatch.setenv(jars.REPOSITORY_KEY, f"{address}/")
        with pytest.raises(MissingPartError, match=jars.REPOSITORY_KEY):
            fetch_jars(locked, tmp_path / "cache")

    assert [file.name for file in (tmp_path / "cache").iterdir()] == [".lock"]


@pytest.mark.parametrize("repository", ["http://127.0.0.1:1/", "nonsense", "http://[::1", "ftp://x/"])
def test_a_repository_that_does_not_answer_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: str
) -> None:
    monkeypatch.setenv(jars.REPOSITORY_KEY, repository)

    with pytest.raises(MissingPartError, match=jars.REPOSITORY_KEY) as failure:
        fetch_jars([Jar("org.example", "alpha", "1.0", "0", 1)], tmp_path)

    assert "\n" not in str(failure.value)


def test_what_a_repository_refuses_is_told_without_its_address(
    tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = os.environ[jars.REPOSITORY_KEY].replace("://", "://user:secret@")
    monkeypatch.setenv(jars.REPOSITORY_KEY, address)

    with pytest.raises(MissingPartError, match=r"the answer was 404 for alpha-1\.0\.jar") as failure:
        fetch_jars([Jar("org.example", "alpha", "1.0", "0", 1)], tmp_path)

    assert repository.folder.exists() is False
    assert "secret" not in str(failure.value)


def test_where_none_is_named_ivys_own_repository_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(jars.REPOSITORY_KEY, raising=False)

    assert jars._repository().startswith("https://")
    assert jars._repository().endswith("/maven2/")

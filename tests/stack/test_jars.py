"""The locked jars: what the lock holds, and how Ivy brings jars from a repository of the test's own."""

import re
import threading
from pathlib import Path

import psutil
import pytest

from include.errors import MissingPartError, StackBusyError
from include.stream.java import find_java
from stack import ivy, jars
from stack.jars import Jar, fetch_jars, missing_jars, sha256_of
from stack.locks import folder_lock

CONTENTS = {"alpha": b"a" * 70_000, "beta": b"b" * 30_000}


class Repository:
    """A Maven repository in a folder, which counts on nothing outside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "repository"
        self.settings = folder / "ivysettings.xml"
        self.settings.write_text(
            '<ivysettings><settings defaultResolver="own"/><resolvers>'
            '<ibiblio name="own" m2compatible="true" usepoms="false" checksums="" '
            f'root="{self.folder.as_uri()}"/></resolvers></ivysettings>'
        )

    def publish(self, name: str, content: bytes) -> Path:
        file = self.folder / "org" / "example" / name / "1.0" / f"{name}-1.0.jar"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    def locked(self, name: str) -> Jar:
        file = self.publish(name, CONTENTS[name])
        return Jar("org.example", name, "1.0", sha256_of(file), file.stat().st_size)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    repository = Repository(tmp_path)
    monkeypatch.setenv(ivy.SETTINGS_KEY, str(repository.settings))
    return repository


@pytest.fixture
def locked(repository: Repository) -> list[Jar]:
    return [repository.locked(name) for name in CONTENTS]


def test_the_lock_names_each_jar_once_with_a_checksum_and_a_size() -> None:
    locked = jars.locked_jars()
    names = [jar.file_name for jar in locked]

    assert "kafka_2.13-4.4.0.jar" in names
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) and jar.size_bytes > 0 for jar in locked)


def test_fetched_jars_are_as_locked_and_the_progress_reaches_the_whole(
    locked: list[Jar], tmp_path: Path
) -> None:
    cache, seen_bytes = tmp_path / "cache", list[int]()

    fetch_jars(locked, cache, java=find_java().program, on_progress=seen_bytes.append)

    assert [(cache / jar.file_name).read_bytes() for jar in locked] == list(CONTENTS.values())
    assert seen_bytes == sorted(seen_bytes)
    assert seen_bytes[-1] == 100_000


def test_what_is_there_needs_no_repository(locked: list[Jar], repository: Repository, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    fetch_jars(locked, cache, java=find_java().program)
    for file in repository.folder.rglob("*.jar"):
        file.unlink()

    fetch_jars(locked, cache, java=tmp_path / "no-java")

    assert missing_jars(locked, cache) == []


def test_a_damaged_jar_is_noticed_and_fetched_again(locked: list[Jar], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    fetch_jars(locked, cache, java=find_java().program)
    damaged = cache / locked[0].file_name
    damaged.write_bytes(b"x" + damaged.read_bytes()[1:])
    assert missing_jars(locked, cache) == [locked[0]]

    fetch_jars(locked, cache, java=find_java().program)

    assert missing_jars(locked, cache) == []


def test_after_a_break_only_the_rest_is_fetched(
    locked: list[Jar], repository: Repository, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    repository.publish("beta", b"").unlink()
    with pytest.raises(MissingPartError, match=ivy.SETTINGS_KEY):
        fetch_jars(locked, cache, java=find_java().program)

    repository.publish("alpha", b"").unlink()
    repository.publish("beta", CONTENTS["beta"])
    fetch_jars(locked, cache, java=find_java().program)

    assert missing_jars(locked, cache) == []


def test_a_jar_that_is_not_the_locked_one_never_enters_the_cache(
    locked: list[Jar], repository: Repository, tmp_path: Path
) -> None:
    repository.publish("alpha", b"A" * len(CONTENTS["alpha"]))

    with pytest.raises(MissingPartError, match=r"alpha-1\.0\.jar"):
        fetch_jars(locked, tmp_path / "cache", java=find_java().program)

    assert [file.name for file in (tmp_path / "cache").glob("*.jar")] == ["beta-1.0.jar"]


def test_two_at_once_do_not_disturb_each_other(locked: list[Jar], tmp_path: Path) -> None:
    cache, failures = tmp_path / "cache", list[Exception]()

    def fetch() -> None:
        try:
            fetch_jars(locked, cache, java=find_java().program)
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
        fetch_jars(locked, tmp_path, java=find_java().program)


@pytest.mark.usefixtures("repository")
def test_a_fetch_that_is_broken_off_leaves_no_process(tmp_path: Path) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    before = set(psutil.Process().children(recursive=True))

    with pytest.raises(KeyboardInterrupt):
        ivy.resolve(
            [ivy.Coordinates("org.example", "alpha", "1.0")],
            java=find_java().program,
            cache=tmp_path / "cache",
            with_dependencies=False,
            on_wait=interrupt,
        )

    assert set(psutil.Process().children(recursive=True)) - before == set()


def test_missing_jars_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingPartError, match="run 'make setup'"):
        jars.require_jars(tmp_path)


def test_a_cache_that_cannot_be_written_is_told_in_one_line(locked: list[Jar], tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")  # not even root makes a folder in a file

    with pytest.raises(MissingPartError, match=r"Not a directory; .* set JAR_CACHE_DIR"):
        fetch_jars(locked, tmp_path / "home" / ".cache", java=find_java().program)


def test_what_java_says_of_its_options_is_no_reason() -> None:
    said = ["Picked up JAVA_TOOL_OPTIONS: -Don=exception", "connection refused by the mirror"]

    assert ivy._reason("\n".join(said)) == said[-1]

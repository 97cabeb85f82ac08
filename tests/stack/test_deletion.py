"""What `make clean-stack` deletes: all that the stack has made, and nothing else, whatever STACK_DIR is."""

import re
import threading
from pathlib import Path

import pytest

from include.errors import SettingsError
from include.places import Place
from include.settings import PROJECT_ROOT, Settings
from stack import cluster, locks, run
from stack.locks import folder_lock

JOINED_BY_HAND = re.compile(r"stack\.dir\s*/")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Give the settings of a stopped stack that has made everything that one can make."""
    settings = Settings(stack_dir=tmp_path / "stack")
    for place in Place:
        (settings.stack.at(place) / "deep").mkdir(parents=True)
    return settings


def test_all_that_the_stack_has_made_goes_and_its_folder_with_it(settings: Settings) -> None:
    told: list[str] = []

    run.clean(settings, told.append)
    run.clean(settings)

    assert not settings.stack.dir.exists()
    assert told[-1] == f"deleted the stack in {settings.stack.dir}"


def test_what_somebody_else_has_put_there_stays_and_is_named(settings: Settings) -> None:
    (settings.stack.dir / "letters").mkdir()
    (settings.stack.dir / "notes.txt").write_text("mine")
    told: list[str] = []

    run.clean(settings, told.append)

    assert {path.name for path in settings.stack.dir.iterdir()} == {"letters", "notes.txt"}
    named = [
        f"left {settings.stack.dir / name}, which is not the stack's own" for name in ("letters", "notes.txt")
    ]
    assert told[-3:-1] == named


def test_behind_a_link_only_what_the_stack_has_placed_there_goes(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "SYSTEM_HOME", tmp_path / "home")
    ours, theirs, programs = (
        tmp_path / "home" / "data-0123",
        tmp_path / "disk",
        tmp_path / "home" / "programs",
    )
    for place, target in ((Place.POSTGRES, ours), (Place.KAFKA, theirs), (Place.AIRFLOW, programs)):
        target.mkdir(parents=True)
        (settings.stack.at(place) / "deep").rmdir()
        settings.stack.at(place).rmdir()
        settings.stack.at(place).symlink_to(target)

    run.clean(settings)

    assert (ours.exists(), theirs.exists(), programs.exists()) == (False, True, True)
    assert not settings.stack.dir.exists()


def test_a_command_that_waits_never_sees_a_stack_that_is_half_deleted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "POLL_SECONDS", 0.0005)
    for number in range(2000):
        (settings.stack.at(Place.KAFKA) / str(number)).touch()
    seen: list[list[Path]] = []

    def wait() -> None:
        with folder_lock(settings.stack.dir, wait_seconds=60):
            seen.append([path for place in Place if (path := settings.stack.at(place)).exists()])

    waiting = threading.Thread(target=wait)

    def begin(_: str) -> None:
        if waiting.ident is None:
            waiting.start()

    run.clean(settings, begin)

    waiting.join()
    assert seen == [[]]


@pytest.mark.parametrize("folder", [".", "..", "/", "~", str(PROJECT_ROOT / "stack" / "..")])
def test_a_folder_that_holds_more_than_the_stack_is_refused(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    with pytest.raises(
        SettingsError, match=r"^bad settings: STACK_DIR: .*name a folder that is for the stack"
    ):
        Settings().having(stack_dir=folder)


def test_a_link_to_such_a_folder_is_refused_and_a_folder_in_it_is_not(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(PROJECT_ROOT)

    with pytest.raises(SettingsError, match="is or holds"):
        Settings().having(stack_dir=tmp_path / "link")

    assert Settings().having(stack_dir=".stack").stack.dir == PROJECT_ROOT / ".stack"


def test_nobody_writes_to_a_place_that_would_not_be_deleted() -> None:
    files = [
        file
        for house in ("dags", "include", "plugins", "producer", "spark_jobs", "stack", "tools")
        for file in (PROJECT_ROOT / house).rglob("*.py")
    ]

    assert [file.name for file in files if JOINED_BY_HAND.search(file.read_text())] == []

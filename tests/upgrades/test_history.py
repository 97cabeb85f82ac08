"""Earlier versions come from the repository's own history, and their absence is an error that says what to do."""

import subprocess
from pathlib import Path

import pytest

from include.settings import PROJECT_ROOT
from tests.upgrades.history import VERSIONS, MissingHistoryError, check_out, require_commit


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Give a repository of two commits."""
    folder = tmp_path / "whole"
    git(tmp_path, "init", "--quiet", str(folder))
    for word in ("earlier", "later"):
        (folder / "word").write_text(word)
        git(folder, "add", "word")
        git(
            folder, "-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "--quiet", "-m", word
        )
    return folder


def git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=folder, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()


def test_a_shallow_clone_is_told_how_to_get_the_history(repository: Path, tmp_path: Path) -> None:
    earlier = git(repository, "rev-parse", "HEAD~1")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", str(shallow))

    require_commit(repository, "0.1.0", earlier)
    with pytest.raises(MissingHistoryError, match=r"version 0\.1\.0 .* run 'git fetch --unshallow'"):
        require_commit(shallow, "0.1.0", earlier)


def test_an_earlier_version_is_taken_from_the_history(repository: Path, tmp_path: Path) -> None:
    folder = tmp_path / "earlier"
    folder.mkdir()

    check_out(repository, git(repository, "rev-parse", "HEAD~1"), folder)

    assert (folder / "word").read_text() == "earlier"


def test_each_version_is_named_by_a_whole_commit() -> None:
    assert [commit for commit in VERSIONS.values() if len(commit) != 40] == []
    changelog = (PROJECT_ROOT / "CHANGELOG.md").read_text()
    assert [version for version in VERSIONS if f"\n## {version} (" not in changelog] == []

"""Earlier versions of the product, each taken from the repository's history and set up as it sets itself up."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from include.settings import PROJECT_ROOT
from include.surroundings import of_ours
from stack.locks import folder_lock

# The last commit of each version.
VERSIONS: dict[str, str] = json.loads(Path(__file__).with_name("versions.json").read_text())
# Outside the tree, since setting up takes minutes and a commit never changes.
_CACHE = Path("~/.cache/heartbeat-monitoring/versions").expanduser()
_FINISHED = ".finished"
# Another run may be setting the same version up.
_WAIT_SECONDS = 1800.0


class MissingHistoryError(Exception):
    """The clone does not hold the commit of an earlier version."""


def installed(version: str) -> Path:
    """Return the folder of an earlier version, ready to run; the first time it is set up, for a minute or two."""
    commit = VERSIONS[version]
    require_commit(PROJECT_ROOT, version, commit)
    _CACHE.mkdir(parents=True, exist_ok=True)
    # An environment belongs to one Python.
    folder = _CACHE / f"{commit}-{sys.implementation.cache_tag}"
    with folder_lock(_CACHE, wait_seconds=_WAIT_SECONDS):
        if not (folder / _FINISHED).exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            check_out(PROJECT_ROOT, commit, folder)
            _set_up(folder)
            (folder / _FINISHED).touch()
    return folder


def require_commit(repository: Path, version: str, commit: str) -> None:
    """Raise MissingHistoryError, with what to do, unless the repository holds the commit."""
    asked = subprocess.run(
        ["git", "-C", str(repository), "cat-file", "-e", f"{commit}^{{commit}}"],
        check=False,
        capture_output=True,
    )
    if asked.returncode:
        raise MissingHistoryError(
            f"version {version} (commit {commit[:12]}) is not in the history of {repository}: "
            "run 'git fetch --unshallow' there, or clone the repository anew with its whole history"
        )


def check_out(repository: Path, commit: str, folder: Path) -> None:
    """Put the files of a commit into a folder."""
    archive = subprocess.run(
        ["git", "-C", str(repository), "archive", commit], check=True, stdout=subprocess.PIPE
    ).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)


def _set_up(folder: Path) -> None:
    done = subprocess.run(
        ["scripts/setup.sh"],
        cwd=folder,
        env={**of_ours(os.environ), "PYTHON": sys.executable},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout

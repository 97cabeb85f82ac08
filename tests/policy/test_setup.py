"""`scripts/setup.sh` with a Python of the test's own: what it installs, and into which environment."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from include.settings import PROJECT_ROOT

# Writes down how it was called, and answers what the script asks.
PYTHON = """\
#!/bin/sh
echo "$* | ${VIRTUAL_ENV:-}${PYTHONPATH:-}${PYTHONHOME:-}${PIP_USER:-}${UV_PYTHON:-}" >>"$(dirname "$0")/calls"
case "$*" in *hashlib*) cat >/dev/null; echo as-it-is;; esac
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Give a folder with the script, and an environment in which Python only takes notes."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(PROJECT_ROOT / "scripts" / "setup.sh", tmp_path / "scripts")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(PYTHON)
    python.chmod(0o755)
    for name in ("requirements.txt", "requirements-uv.txt", "requirements-java.txt"):
        (tmp_path / name).write_text("")
    return tmp_path


def set_up(project: Path, **environment: str) -> list[str]:
    """Run the script and return how Python was called by it."""
    subprocess.run(
        [project / "scripts" / "setup.sh"], env={**os.environ, **environment}, check=True, capture_output=True
    )
    calls = project / ".venv" / "bin" / "calls"
    told = calls.read_text().splitlines()
    calls.unlink()
    return told


def test_packages_get_into_our_environment_whichever_is_activated(project: Path) -> None:
    told = set_up(
        project,
        VIRTUAL_ENV="/elsewhere",
        PYTHONPATH="/elsewhere",
        PYTHONHOME="/elsewhere",
        PIP_USER="1",
        UV_PYTHON="/elsewhere",
    )

    assert [line for line in told if not line.endswith(" | ")] == []
    assert any("uv pip install --require-hashes -r requirements.txt" in line for line in told)


def test_packages_are_compiled_once_and_jars_looked_after_each_time(project: Path) -> None:
    first, second = set_up(project), set_up(project)

    assert [any("compileall" in line for line in told) for told in (first, second)] == [True, False]
    assert [any("stack prepare" in line for line in told) for told in (first, second)] == [True, True]


def test_the_compiled_pass_is_looked_after_each_time_and_done_without_where_it_cannot_be_made(
    project: Path,
) -> None:
    told = set_up(project)
    python = project / ".venv" / "bin" / "python"
    python.write_text(f'{PYTHON}case "$*" in *include.compiled*) exit 1;; esac\n')

    ended = subprocess.run([project / "scripts" / "setup.sh"], check=False, capture_output=True, text=True)

    assert any("-m include.compiled" in line for line in told)
    assert ended.returncode == 0
    assert "warning: the stream's compiled pass could not be made" in ended.stderr


def test_a_jar_that_cannot_be_had_is_a_failed_setup(project: Path) -> None:
    python = project / ".venv" / "bin" / "python"
    python.write_text(f"{PYTHON}case \"$*\" in *'stack prepare'*) exit 7;; esac\n")

    ended = subprocess.run([project / "scripts" / "setup.sh"], check=False, capture_output=True)

    assert ended.returncode == 7

"""The command refuses at once what cannot end well."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from tests.soak import __main__ as command
from tests.soak.__main__ import app


@pytest.mark.parametrize("words", [["hour"], ["kills", "--records", "20000000"]])
def test_a_disk_with_too_little_room_is_told_before_anything_is_started(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=3 * 1024**3))
    monkeypatch.setattr(command, "_prepare", lambda: pytest.fail("it goes on"))

    result = CliRunner().invoke(app, words)

    assert result.exit_code == 1
    assert "records take" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "words", [["hour", "--minutes", "0"], ["kills", "--records", "1"], ["show", "nowhere"]]
)
def test_what_is_impossible_is_refused(words: list[str]) -> None:
    assert CliRunner().invoke(app, words).exit_code == 2


def test_a_file_of_another_kind_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "soak-kills.jsonl"
    file.write_text('{"begin": {"records": 5}}\n')

    result = CliRunner().invoke(app, ["show", str(file)])

    assert (result.exit_code, "holds no samples" in result.stderr) == (2, True)

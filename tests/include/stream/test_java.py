"""Which Java is taken, and what the stand-in for the wheel's Java does with its arguments."""

import subprocess
from pathlib import Path

import pytest

from include.errors import MissingPartError
from include.stream import java
from include.stream.java import find_java

ANSWER = "    java.home = {home}\n    java.specification.version = {version}\n    user.language = en\n"


def fake_java(home: Path, version: str) -> Path:
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{ANSWER.format(home=home, version=version)}END\n")
    program.chmod(0o755)
    return program


def test_java_home_comes_before_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(tmp_path / "chosen", "21")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "chosen"))
    monkeypatch.setenv("PATH", f"{fake_java(tmp_path / 'other', '17').parent}:/bin:/usr/bin")

    assert (find_java().home, find_java().major) == (tmp_path / "chosen", 21)


@pytest.mark.parametrize("old", ["1.8", "11", "16"])
def test_a_java_that_is_too_old_is_passed_over(
    old: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_java(tmp_path / "old", old)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "old"))
    monkeypatch.setenv("PATH", f"{fake_java(tmp_path / 'new', '17').parent}:/bin:/usr/bin")

    assert find_java().home == tmp_path / "new"


def test_a_stand_in_on_path_leads_to_the_real_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = fake_java(tmp_path / "jdk", "17")
    shim = tmp_path / "shims" / "java"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{real}" "$@"\n')
    shim.chmod(0o755)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", f"{shim.parent}:/bin:/usr/bin")

    assert find_java().program == real


def test_no_java_at_all_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nowhere"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(MissingPartError, match="make setup"):
        find_java()


def test_options_that_let_no_java_start_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-XX:+NoSuchFlag")

    with pytest.raises(MissingPartError, match="or correct JAVA_TOOL_OPTIONS"):
        find_java()


def test_the_stand_in_drops_one_flag_and_keeps_the_rest_as_it_was(tmp_path: Path) -> None:
    echo = tmp_path / "a folder" / "echo"
    echo.parent.mkdir()
    echo.write_text('#!/bin/sh\nfor word do echo "[$word]"; done\n')
    echo.chmod(0o755)
    wrapper = tmp_path / "home" / "bin" / "java"
    java._write_wrapper(wrapper, [str(echo), "first"])

    words = ["-cp", "a b:c", java.MISSING_MODULE_FLAG, "", "-Dx=$y"]
    said = subprocess.run([str(wrapper), *words], check=True, capture_output=True, text=True).stdout

    assert said.splitlines() == ["[first]", "[-cp]", "[a b:c]", "[]", "[-Dx=$y]"]

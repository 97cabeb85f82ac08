"""Log files: what was written since a mark, what is telling, what is followed."""

from pathlib import Path

from stack import logs
from stack.logs import LogMark


def test_only_what_was_written_since_the_mark_is_read(tmp_path: Path) -> None:
    old, new = tmp_path / "old.log", tmp_path / "new.log"
    old.write_text("before\n")
    mark = LogMark.now((old, new))

    with old.open("a") as file:
        file.write("after\n\n")
    new.write_text("first\n")

    assert mark.lines_since() == ["after", "first"]


def test_a_log_that_was_begun_anew_is_read_from_its_start(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_text("a long line from before\n")
    mark = LogMark.now((log,))

    log.write_text("anew\n")

    assert mark.lines_since() == ["anew"]


def test_a_log_is_put_aside_only_when_it_has_grown(tmp_path: Path) -> None:
    small, large = tmp_path / "small.log", tmp_path / "large.log"
    small.write_text("x")
    large.write_bytes(b"x" * (logs.ROTATE_ABOVE_BYTES + 1))

    logs.rotate(small)
    logs.rotate(large)
    logs.rotate(tmp_path / "none.log")

    assert sorted(file.name for file in tmp_path.iterdir()) == ["large.log.1", "small.log"]


def test_the_telling_line_is_the_fatal_one_then_an_error_then_the_last() -> None:
    lines = ["LOG: starting", "ERROR: one", "FATAL: two", "LOG: ended"]

    assert logs.telling_line(lines) == "FATAL: two"
    assert logs.telling_line(lines[:2]) == "ERROR: one"
    assert logs.telling_line(["a", "b"]) == "b"
    assert logs.telling_line([]) is None


def test_the_hint_that_follows_the_telling_line_is_told_with_it() -> None:
    full = ["1 FATAL:  could not extend file", "1 HINT:  Check free disk space."]

    assert (
        logs.telling_line(["running", *full, "child process exited"]) == f"{full[0]}; Check free disk space."
    )
    assert logs.telling_line(["1 FATAL:  one", "1 LOG:  two", "1 LOG:  three", full[1]]) == "1 FATAL:  one"


def test_what_java_says_of_its_options_tells_nothing() -> None:
    told = [
        "Picked up JAVA_TOOL_OPTIONS: -Don=FATAL",
        "NOTE: Picked up JDK_JAVA_OPTIONS: -Don=ERROR",
        "no room",
    ]

    assert logs.telling_line(told) == "no room"


def test_following_gives_whole_lines_once(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_text("before\n")
    followed = logs.follow(LogMark.now((log,)))

    with log.open("a") as file:
        file.write("one\ntwo\nha")
    first = [next(followed), next(followed)]
    with log.open("a") as file:
        file.write("lf\n")
    last = next(followed)

    assert [line for _, line in [*first, last]] == ["one", "two", "half"]


def test_the_last_lines_of_a_missing_file_are_none(tmp_path: Path) -> None:
    (tmp_path / "part.log").write_text("1\n2\n3\n")

    assert logs.last_lines(tmp_path / "part.log", 2) == ["2", "3"]
    assert logs.last_lines(tmp_path / "part.log", 0) == []
    assert logs.last_lines(tmp_path / "none.log", 2) == []

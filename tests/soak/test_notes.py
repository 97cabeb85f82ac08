"""What is written can be read again, also where the last line is cut off, and drawn."""

from pathlib import Path
from xml.etree import ElementTree

from typer.testing import CliRunner

from tests.soak.__main__ import app
from tests.soak.batches import BatchTimes
from tests.soak.notes import Fault, Memory, Notes, Sample, read_course
from tests.soak.picture import draw
from tests.support.database_proxy import When

SAMPLES = [
    Sample(
        at_seconds=10.0 * number,
        memory={"JVM": Memory(500.0 + number, "17", 10.0 * number)},
        disk_megabytes={"Kafka": 10.0 * number},
        cache_megabytes=None if number == 2 else 60.0,
        records=20_000 * number,
        lag=number * 7,
        latency_p50_ms=30.0,
        batches=90,
        batch_p50_ms=8.5,
    )
    for number in range(1, 6)
]
FAULT = Fault(25.0, "worker <killed>", "pid 17 ended", 3.5)


def write(file: Path) -> None:
    notes = Notes(file)
    notes.begin(minutes=1, every_seconds=10)
    for sample in SAMPLES:
        notes.sample(sample)
    notes.fault(FAULT)


def test_a_file_is_read_as_it_was_written_and_a_line_that_is_cut_off_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "soak.jsonl"
    write(file)
    with file.open("a") as open_file:
        open_file.write('{"sample": {"at_sec')

    course = read_course(file)

    assert course.samples == SAMPLES
    assert course.faults == [FAULT]
    assert (course.begin["minutes"], course.end, course.seconds) == (1, {}, 50.0)


def test_the_picture_has_the_lines_and_each_fault_in_each_panel(tmp_path: Path) -> None:
    file = tmp_path / "soak.jsonl"
    write(file)

    picture = draw(read_course(file))

    names = [each.text for each in ElementTree.fromstring(picture).iter() if each.tag.endswith("}title")]  # noqa: S314
    assert {"JVM", "PostgreSQL's cache", "Kafka", "p50", "lag"} <= set(names)
    panels = sum(each.tag.endswith("}g") for each in ElementTree.fromstring(picture))  # noqa: S314
    assert picture.count("stroke-dasharray") == panels > 3
    assert "minute 0.4, worker &lt;killed&gt;; flows after 3.5 s" in picture


def test_a_run_that_was_cut_off_is_shown_and_is_red(tmp_path: Path) -> None:
    file = tmp_path / "soak.jsonl"
    write(file)

    result = CliRunner().invoke(app, ["show", str(file)])

    assert result.exit_code == 1
    assert file.with_suffix(".svg").read_text() == draw(read_course(file))


def test_a_batch_lasts_from_its_begin_to_the_answer_to_its_commit() -> None:
    times = BatchTimes()
    for session, statement, when, at in [
        (1, "BEGIN", When.BEFORE, 10.0),
        (2, "BEGIN", When.BEFORE, 10.001),
        (1, "COMMIT", When.BEFORE, 10.004),
        (1, "COMMIT", When.AFTER, 10.005),
        (2, "ROLLBACK", When.BEFORE, 10.006),
        (2, "COMMIT", When.AFTER, 10.007),
        (1, "BEGIN", When.BEFORE, 10.02),
        (1, "COMMIT", When.AFTER, 10.035),
    ]:
        times.note(session, statement, when, at)

    batches = times.take()

    assert batches.count == 2
    assert [round(value or 0, 6) for value in (batches.p50_ms, batches.p99_ms)] == [5, 15]
    assert round(batches.longest_pause_ms or 0, 6) == 30
    assert times.take().count == 0

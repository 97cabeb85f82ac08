"""A standstill is told from silence."""

from include.ingest.watch import Progress


def test_lag_without_a_step_forward_is_a_standstill_once_patience_is_over() -> None:
    progress = Progress(patience_seconds=10)

    assert progress.note(done_offset=5, lag=3, now=100) is None
    assert progress.note(done_offset=5, lag=3, now=110) is None
    assert progress.note(done_offset=5, lag=3, now=111) == 11


def test_silence_is_no_standstill() -> None:
    progress = Progress(patience_seconds=10)

    assert [progress.note(done_offset=5, lag=0, now=now) for now in (0, 100, 200)] == [None] * 3
    assert progress.note(done_offset=5, lag=1, now=205) is None


def test_slow_progress_is_no_standstill() -> None:
    progress = Progress(patience_seconds=10)

    assert [progress.note(done_offset=now, lag=1000, now=now) for now in (0, 9, 18, 27)] == [None] * 4

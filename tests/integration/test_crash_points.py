"""A process dies, or hangs, at any statement that changes something: nothing is lost, nothing done twice.

The statements are those that the server receives in an undisturbed run, so a new one is tried as soon as it is there.
`make slow` tries those that only read, too, and lost connections.
"""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from include.settings import Settings
from tests.support.crash_scripts import SCRIPTS, Launches
from tests.support.crashes import die_at_each, essential, overtake_at_each, record, surrounded
from tests.support.pipeline import Pipeline, fresh_pipeline
from tests.support.statements import writing_statements

pytestmark = [pytest.mark.integration, pytest.mark.fault]

ROOMS = ("stream", "sink", "care", "hourly", "quality", "replay", "maintenance")


@pytest.fixture
def own(pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """Give the test's pipeline, with a folder of its own."""
    return surrounded(pipeline, tmp_path, monkeypatch)


@pytest.mark.parametrize("make", SCRIPTS)
def test_wherever_a_process_dies_the_next_one_does_all_of_it_once(own: Pipeline, make: Any) -> None:
    with closing(make(own)) as script:
        points = essential(record(script))

        die_at_each(script, points)

    assert points


def test_wherever_a_launch_hangs_the_next_one_does_its_work_at_once(own: Pipeline) -> None:
    with closing(Launches(own)) as script:
        overtake_at_each(script, essential(record(script)))


def test_no_statement_that_changes_something_is_left_untried(stack: Settings, tmp_path: Path) -> None:
    tried = set()
    for make in SCRIPTS:
        with fresh_pipeline(stack) as fresh:
            own = Pipeline(fresh.settings.having(stack_dir=tmp_path))
            with closing(make(own)) as script:
                tried |= {point.statement for point in record(script)}

    assert writing_statements(*ROOMS) - tried == set()

"""Each process comes to grief, in each way, at each statement that it sends, and not only at those that matter most."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.crash_scripts import SCRIPTS
from tests.support.crashes import die_at_each, lose_each_answer, overtake_at_each, record, surrounded
from tests.support.pipeline import Pipeline

pytestmark = [pytest.mark.integration, pytest.mark.fault, pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.mark.parametrize("make", SCRIPTS)
@pytest.mark.parametrize("come_to_grief", [die_at_each, lose_each_answer, overtake_at_each])
def test_wherever_a_process_comes_to_grief_all_is_done_once(
    pipeline: Pipeline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Any,
    come_to_grief: Callable[..., None],
) -> None:
    with closing(make(surrounded(pipeline, tmp_path, monkeypatch))) as script:
        points = record(script)

        come_to_grief(script, points)

    assert points

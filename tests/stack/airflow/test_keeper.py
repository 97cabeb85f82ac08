"""The keeper goes on with the others when one component cannot be started."""

import sys
import time
from pathlib import Path

import pytest

from stack.airflow.components import Component, pause_seconds
from stack.airflow.keeper import keep


def test_a_component_that_cannot_be_started_is_due_again_later_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    component = Component("sender", tmp_path)
    pauses = []

    for _ in range(3):
        component.due_at = 0.0
        keep(component)
        pauses.append(round(component.due_at - time.monotonic()))

    assert pauses == [pause_seconds(lives) for lives in (1, 2, 3)]
    assert not component.is_running()


def test_what_was_put_off_is_not_started_before_it_is_due(tmp_path: Path) -> None:
    component = Component("sender", tmp_path)
    component.put_off()

    keep(component)

    assert component.process is None

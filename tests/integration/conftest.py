"""What the tests of the hourly job share: a database with a folder of its own, and a launch that writes to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from include.settings import Settings
from tests.support.hours import Writer
from tests.support.pipeline import Pipeline


@pytest.fixture
def settings(pipeline: Pipeline, tmp_path: Path) -> Settings:
    """Give the settings of the test's own database, with Data Docs in a folder of its own."""
    pipeline.take_any_day()
    return pipeline.settings.having(stack_dir=tmp_path)


@pytest.fixture
def sink(settings: Settings) -> Iterator[Writer]:
    """Give a launch of the stream."""
    with Writer(settings) as running:
        yield running

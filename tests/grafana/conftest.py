"""One database for all of Grafana's queries: hours, checks and a running stream, as the product itself stores them."""

from collections.abc import Iterator

import pytest

from include.settings import Settings
from tests.support.grafana_data import FilledPipeline, filled_pipeline


@pytest.fixture(scope="session")
def filled(stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FilledPipeline]:
    """Give the filled database; tests only read it."""
    with filled_pipeline(stack, tmp_path_factory.mktemp("data_docs")) as pipeline:
        yield pipeline

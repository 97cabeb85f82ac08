"""The Data Docs site: what Great Expectations stores of a run and the pages that it makes of it."""

import shutil
from collections import defaultdict
from pathlib import Path
from typing import cast

from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.data_context.types.resource_identifiers import ValidationResultIdentifier

from include.places import Place
from include.settings import Settings

_SITE_NAME = "hourly"


class Site:
    """The folders of the results and of the pages; both have a folder for each suite, and in it one for each run."""

    def __init__(self, settings: Settings) -> None:
        self._pages = settings.stack.data_docs_dir
        self._results = settings.stack.at(Place.DATA_DOCS_RESULTS)
        self._runs_kept = settings.hourly.data_docs_runs_kept

    def project(self) -> DataContextConfig:
        """Keep everything in memory except the results and the site: no file contains the connection."""
        defaults = InMemoryStoreBackendDefaults()
        defaults.stores[defaults.validation_results_store_name] = {
            "class_name": "ValidationResultsStore",
            "store_backend": {
                "class_name": "TupleFilesystemStoreBackend",
                "base_directory": str(self._results),
            },
        }
        defaults.data_docs_sites = {
            _SITE_NAME: {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "store_backend": {
                    "class_name": "TupleFilesystemStoreBackend",
                    "base_directory": str(self._pages),
                },
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            }
        }
        return DataContextConfig(
            store_backend_defaults=defaults,
            analytics_enabled=False,
            progress_bars=ProgressBarsConfig(globally=False),
        )

    def forget(self, suite: str, run_name: str) -> None:
        """Delete what was stored of a run, before it has a page."""
        shutil.rmtree(self._results / suite / run_name, ignore_errors=True)

    def write(self, context: AbstractDataContext, run: str, first: tuple[str, str]) -> str:
        """Write the pages of a run of the checks, delete those of the oldest, and return the path of `first`.

        `run` ends the name of all that was judged in it; `first` is a suite and one of these names. The path is
        relative to the site.
        """
        for folder in (self._results, self._pages / "validations"):
            _keep_newest(folder, self._runs_kept)
        keys = cast(list[ValidationResultIdentifier], context.validation_results_store.list_keys())
        pages = {_path_of(key): key for key in keys if str(key.run_id.run_name).endswith(run)}
        context.build_data_docs(resource_identifiers=list(pages.values()))
        # The newest: an earlier database may have left results of the same name in this folder.
        path = max(path for path in pages if path[:2] == first)
        return f"validations/{'/'.join(path)}.html"


def _path_of(page: ValidationResultIdentifier) -> tuple[str, ...]:
    return cast(tuple[str, ...], page.to_tuple())  # type: ignore[no-untyped-call]


def _keep_newest(folder: Path, count: int) -> None:
    """Keep of each suite what belongs to the newest runs."""
    runs: dict[str, list[Path]] = defaultdict(list)
    for judged in folder.glob("*/*"):
        runs[judged.name.rpartition("-")[2]].append(judged)
    ages = sorted(runs, key=lambda run: max(judged.stat().st_mtime for judged in runs[run]))
    for run in ages[:-count]:
        for judged in runs[run]:
            shutil.rmtree(judged)

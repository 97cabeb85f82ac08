"""Great Expectations over the figures of a run's hours, and the Data Docs site. Importing it takes seconds.

The batch is `hour_facts`: PostgreSQL counts the readings once for all expectations, one row per hour, and Great
Expectations judges those rows in SQL. So a group of hundreds of hours costs as much as a single one and still gets a
result per hour; what is judged comes from the snapshot that is published; and nothing in it is about a person.
"""

import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import cast

import great_expectations as gx
from great_expectations.core import ExpectationSuiteValidationResult
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.data_context.types.resource_identifiers import ValidationResultIdentifier
from great_expectations.datasource.fluent.postgres_datasource import PostgresDatasource
from great_expectations.expectations.core.expect_column_values_to_be_between import (
    ExpectColumnValuesToBeBetween,
)
from great_expectations.expectations.metadata_types import FailureSeverity
from sqlalchemy import URL

from include.db.connect import Connection
from include.errors import QualityCheckError
from include.quality.types import Expectation, QualityPolicy
from include.settings import Settings

SUITE_NAME = "hours"
_SOURCE_NAME = "heartbeats"
_SITE_NAME = "hourly"
_APPLICATION = "heartbeat-quality"
# Part of the address itself; an application's name is its own.
_NOT_IN_A_QUERY = {"host", "hostaddr", "port", "user", "dbname", "application_name"}
_RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": ["hour"],
    # In SQL even COMPLETE lists no more failing hours than this; `_failing_hours` refuses a truncated list.
    "partial_unexpected_count": 1000,
    "return_unexpected_index_query": False,
}


class HourSuite:
    """The expectations of a policy as one suite, for one or several runs."""

    def __init__(self, settings: Settings, policy: QualityPolicy, session: Connection) -> None:
        """Log in with the session's own login, wherever that came from."""
        self._site_folder = settings.stack.data_docs_dir
        self._results_folder = self._site_folder.with_name(f"{self._site_folder.name}_results")
        self._runs_kept = settings.hourly.data_docs_runs_kept
        self._context = gx.get_context(
            mode="ephemeral", project_config=_project(self._site_folder, self._results_folder)
        )
        self._source: PostgresDatasource = self._context.data_sources.add_postgres(
            _SOURCE_NAME, connection_string=_connection_string(session)
        )
        self._suite = self._context.suites.add(
            gx.ExpectationSuite(
                SUITE_NAME,
                expectations=[_gx_expectation(expectation) for expectation in policy.expectations],
            )
        )

    def failing_hours(self, run_id: int, run_name: str) -> dict[str, set[datetime]]:
        """Judge the stored figures of a run; return all failing hours by expectation name.

        Raise QualityCheckError if an expectation could not be evaluated: then nothing is certain.
        """
        asset = self._source.add_query_asset(
            f"run_{run_id}",
            query=f"select * from hour_facts where run_id = {run_id:d}",  # noqa: S608 - a number
        )
        definition = gx.ValidationDefinition(
            name=run_name, data=asset.add_batch_definition_whole_table("hours"), suite=self._suite
        )
        result = self._context.validation_definitions.add(definition).run(
            result_format=_RESULT_FORMAT, run_id=RunIdentifier(run_name=run_name)
        )
        return _failing_hours(result)

    def write_docs(self, run_name: str) -> str:
        """Write the run's page, delete the oldest pages, and return the page's path relative to the site."""
        for folder in (self._results_folder, self._site_folder / "validations"):
            _keep_newest(folder / SUITE_NAME, self._runs_kept)
        pages = [key for key in self._results() if key.run_id.run_name == run_name]
        self._context.build_data_docs(resource_identifiers=pages)
        return f"validations/{'/'.join(_path_of(pages[-1]))}.html"

    def close(self) -> None:
        """Close the database sessions."""
        self._source.get_engine().dispose()

    def _results(self) -> list[ValidationResultIdentifier]:
        return cast(list[ValidationResultIdentifier], self._context.validation_results_store.list_keys())


def _project(site_folder: Path, results_folder: Path) -> DataContextConfig:
    """Keep everything in memory except the results and the site: no file contains the connection."""
    defaults = InMemoryStoreBackendDefaults()
    defaults.stores[defaults.validation_results_store_name] = {
        "class_name": "ValidationResultsStore",
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(results_folder),
        },
    }
    defaults.data_docs_sites = {
        _SITE_NAME: {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {
                "class_name": "TupleFilesystemStoreBackend",
                "base_directory": str(site_folder),
            },
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        }
    }
    return DataContextConfig(
        store_backend_defaults=defaults,
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )


def _connection_string(session: Connection) -> str:
    # Both drivers take libpq's parameters, so this one connects just as the session does, with TLS or without.
    words = {key: value for key, value in session.info.get_parameters().items() if key not in _NOT_IN_A_QUERY}
    url = URL.create(
        "postgresql+psycopg2",
        username=session.info.user,
        password=session.info.password,
        host=session.info.host,
        port=session.info.port,
        database=session.info.dbname,
        query={**words, "application_name": _APPLICATION},
    )
    # Great Expectations would take a dollar sign for the start of a variable.
    return url.render_as_string(hide_password=False).replace("$", "%24")


def _gx_expectation(expectation: Expectation) -> ExpectColumnValuesToBeBetween:
    return ExpectColumnValuesToBeBetween(
        column=expectation.fact.value,
        min_value=expectation.at_least,
        max_value=expectation.at_most,
        severity=FailureSeverity(expectation.severity.value),
        notes=f"{expectation.name} ({expectation.severity})",
        meta={"name": expectation.name},
    )


def _failing_hours(result: ExpectationSuiteValidationResult) -> dict[str, set[datetime]]:
    failing = {}
    for outcome in result.results:
        config = outcome.expectation_config
        name = str(config.meta["name"]) if config else "?"
        if outcome.exception_info.get("raised_exception", True):
            raise QualityCheckError(expectation=name, reason="Great Expectations raised an exception")
        rows: Sequence[dict[str, datetime]] = outcome.result.get("unexpected_index_list") or []
        failing[name] = {row["hour"] for row in rows}
        if outcome.success != (not failing[name]) or outcome.result["unexpected_count"] != len(rows):
            raise QualityCheckError(expectation=name, reason="its failing hours are not named")
    return failing


def _path_of(page: ValidationResultIdentifier) -> tuple[str, ...]:
    return cast(tuple[str, ...], page.to_tuple())  # type: ignore[no-untyped-call]


def _keep_newest(folder: Path, count: int) -> None:
    runs = sorted(folder.iterdir(), key=lambda run: run.stat().st_mtime) if folder.is_dir() else []
    for run in runs[:-count]:
        shutil.rmtree(run)

"""A database as an earlier version left it: with the migrations up to some number, or without some."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import pytest

from include.db import migrate as migrate_module
from include.db import migrations as files
from include.db.migrate import migrate
from include.settings import Settings
from tests.support.pipeline import Pipeline, fresh_pipeline


def with_migrations(
    stack: Settings, monkeypatch: pytest.MonkeyPatch, is_known: Callable[[int], bool]
) -> AbstractContextManager[Pipeline]:
    """Give a pipeline whose database has only the migrations that `is_known` picks by their version."""
    known = [migration for migration in files.migrations() if is_known(migration.version)]
    return fresh_pipeline(stack, migrate_by=partial(_migrate_to, monkeypatch, known))


def _migrate_to(monkeypatch: pytest.MonkeyPatch, known: list[files.Migration], settings: Settings) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(migrate_module, "migrations", lambda: known)
        migrate(settings)

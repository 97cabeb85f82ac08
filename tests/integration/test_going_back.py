"""The way back over a migration, as docs/operator.md tells it: a copy of the database, and what Kafka still holds."""

import os
import subprocess
from pathlib import Path

import pytest

from include.db.migrate import migrate, pending_migrations
from include.errors import PermanentError
from include.settings import PROJECT_ROOT
from stack.cluster import programs_for
from tests.support.inline_stream import InlineStream
from tests.support.pipeline import Pipeline, event

pytestmark = pytest.mark.integration

OPERATOR_PAGE = (PROJECT_ROOT / "docs" / "operator.md").read_text()
DUMP = "pg_dump --format=custom --file=before.dump monitoring_db"
DROP = "dropdb --force monitoring_db"
RESTORE = "pg_restore --create --exit-on-error --dbname=postgres before.dump"


def as_told(pipeline: Pipeline, words: str, folder: Path) -> None:
    """Run a command of the page against the test's own database."""
    assert f"$pg/{words}\n" in OPERATOR_PAGE
    settings = pipeline.settings
    program, *options = words.replace("monitoring_db", settings.db.name).split()
    login = {
        "PGHOST": settings.db.host,
        "PGPORT": str(settings.db.port),
        "PGUSER": settings.db.user,
        "PGPASSWORD": settings.db.password.get_secret_value(),
    }
    subprocess.run(
        [programs_for(None) / program, *options], cwd=folder, env={**os.environ, **login}, check=True
    )


def upgrade(pipeline: Pipeline) -> None:
    """Do what a newer program's migration may do: take a right away, add a table, and say so."""
    pipeline.run("revoke insert on heartbeats from heartbeat_stream")
    pipeline.run("create table of_a_newer_program (id int)")
    pipeline.run("insert into schema_migrations (version, name, checksum) values (9999, 'newer', '')")


def test_a_copy_leads_back_over_a_migration_and_nothing_is_lost(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.send(event(number) for number in range(10))
    InlineStream(pipeline.settings).drain()
    as_told(pipeline, DUMP, tmp_path)
    upgrade(pipeline)
    pipeline.send(event(number) for number in range(10, 25))

    for refused in (migrate, pending_migrations):
        with pytest.raises(PermanentError, match="use the newer version of the program"):
            refused(pipeline.settings)
    as_told(pipeline, DROP, tmp_path)
    as_told(pipeline, RESTORE, tmp_path)

    assert migrate(pipeline.settings) == []
    assert pipeline.rows("select to_regclass('of_a_newer_program')") == [(None,)]
    InlineStream(pipeline.settings).drain()
    assert pipeline.count("heartbeats") == 25
    assert pipeline.report().problems == []


def test_rights_on_the_database_itself_come_back_too(pipeline: Pipeline, tmp_path: Path) -> None:
    name = pipeline.settings.db.name
    rights = f"select unnest(datacl)::text from pg_database where datname = '{name}' order by 1"  # noqa: S608
    before = pipeline.rows(rights)
    as_told(pipeline, DUMP, tmp_path)

    as_told(pipeline, DROP, tmp_path)
    as_told(pipeline, RESTORE, tmp_path)

    assert pipeline.rows(rights) == before
    assert [right for (right,) in before if right.startswith("heartbeat_replay=")]

"""The way back over a migration, as docs/operator.md tells it: a copy of the database, and what Kafka still holds."""

from pathlib import Path

import pytest

from include.db.migrate import migrate, pending_migrations
from include.errors import PermanentError
from tests.support.inline_stream import InlineStream
from tests.support.operator_page import DROP, DUMP, RESTORE, as_told
from tests.support.pipeline import Pipeline, event

pytestmark = pytest.mark.integration


def upgrade(pipeline: Pipeline) -> None:
    """Do what a newer program's migration may do: take a right away, add a table, and say so."""
    pipeline.run("revoke insert on heartbeats from heartbeat_stream")
    pipeline.run("create table of_a_newer_program (id int)")
    pipeline.run("insert into schema_migrations (version, name, checksum) values (9999, 'newer', '')")


def test_a_copy_leads_back_over_a_migration_and_nothing_is_lost(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.send(event(number) for number in range(10))
    InlineStream(pipeline.settings).drain()
    as_told(pipeline.settings, DUMP, tmp_path)
    upgrade(pipeline)
    pipeline.send(event(number) for number in range(10, 25))

    for refused in (migrate, pending_migrations):
        with pytest.raises(PermanentError, match="use the newer version of the program"):
            refused(pipeline.settings)
    as_told(pipeline.settings, DROP, tmp_path)
    as_told(pipeline.settings, RESTORE, tmp_path)

    assert migrate(pipeline.settings) == []
    assert pipeline.rows("select to_regclass('of_a_newer_program')") == [(None,)]
    InlineStream(pipeline.settings).drain()
    assert pipeline.count("heartbeats") == 25
    assert pipeline.report().problems == []


def test_rights_on_the_database_itself_come_back_too(pipeline: Pipeline, tmp_path: Path) -> None:
    name = pipeline.settings.db.name
    rights = f"select unnest(datacl)::text from pg_database where datname = '{name}' order by 1"  # noqa: S608
    before = pipeline.rows(rights)
    as_told(pipeline.settings, DUMP, tmp_path)

    as_told(pipeline.settings, DROP, tmp_path)
    as_told(pipeline.settings, RESTORE, tmp_path)

    assert pipeline.rows(rights) == before
    assert [right for (right,) in before if right.startswith("heartbeat_replay=")]

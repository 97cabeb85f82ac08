"""The command says what it would do, knows its seeds by name, and takes out of the stream what it says."""

import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from include.db.queries import query
from tests.storm.__main__ import SEEDS, app
from tests.storm.kinds import KINDS
from tests.storm.plan import draw, from_text, to_text
from tests.storm.run import LAUNCHERS

UNFENCED = LAUNCHERS["fence"] / "sitecustomize.py"


def test_five_seeds_have_names_and_the_list_is_told_without_doing_it() -> None:
    assert len(SEEDS) == len(set(SEEDS.values())) == 5
    for name, seed in SEEDS.items():
        result = CliRunner().invoke(app, ["--seed", name, "--minutes", "2", "--list"])
        assert (result.exit_code, result.stdout) == (0, to_text(draw(seed, 2, KINDS)))


def test_a_list_from_a_file_leaves_out_what_is_not_possible(tmp_path: Path) -> None:
    steps = draw(1, 30, KINDS)
    [backfill, *_] = [
        step for step in steps if step.kind == "hour backfilled" and step.parameters["hour"] != 3
    ]
    file = tmp_path / "plan.jsonl"
    file.write_text(to_text([backfill, steps[0]]))

    result = CliRunner().invoke(app, ["--plan", str(file), "--list"])

    assert [step.number for step in from_text(result.stdout)] == [steps[0].number]


@pytest.mark.parametrize("options", [["--seed", "calm"], ["--without", "everything"], ["--minutes", "0"]])
def test_what_is_unknown_is_refused(options: list[str]) -> None:
    assert CliRunner().invoke(app, [*options, "--list"]).exit_code == 2


def test_without_the_fence_no_statement_of_the_stream_asks_for_the_epoch() -> None:
    changes = runpy.run_path(str(UNFENCED))
    queries = SimpleNamespace(query=query)

    changes["without_conditions"](queries)

    for name in changes["CONDITIONS"]:
        assert re.search(r"and (stream_offsets\.)?epoch = %\(epoch\)s", query(name))
        assert not re.search(r"and (stream_offsets\.)?epoch = %\(epoch\)s", queries.query(name))
        # The rest is as it was, line by line: there are comments in it.
        assert len(queries.query(name).splitlines()) >= len(query(name).splitlines()) - 1
    assert "pg_terminate_backend" not in queries.query("stream/end_sink_sessions")
    assert queries.query("stream/take_lease") == query("stream/take_lease")

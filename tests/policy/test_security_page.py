"""What the papers say of who knows what and may do what is what the processes, and Airflow's roles, are given."""

import re
from pathlib import Path

from include.settings import PROJECT_ROOT, SECRET_KEYS
from include.stream.submit import DRIVERS_SECRETS
from stack.airflow.components import SECRETS
from tests.support.dag_facts import ask_airflow

GIVEN = {**SECRETS, "the stream's driver": DRIVERS_SECRETS}
_WHO_MAY_ANSWER = """
import json, warnings
warnings.simplefilter("ignore")
from airflow.providers.fab.auth_manager.security_manager.override import FabAirflowSecurityManagerOverride
roles = FabAirflowSecurityManagerOverride.ROLE_CONFIGS
print(json.dumps([role["role"] for role in roles if ("can_edit", "HITL Detail") in role["perms"]]))
"""


def test_each_process_knows_the_secrets_that_the_page_says_and_no_others() -> None:
    page = (PROJECT_ROOT / "SECURITY.md").read_text()
    table = page.partition("## Who knows what")[2].partition("\n## ")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines() if line.startswith("| ")]

    said = {name: [_keys(knows) for who, knows in rows if name in who] for name in GIVEN}

    assert said == {name: [set(keys)] for name, keys in GIVEN.items()}


def test_whom_the_papers_let_approve_are_whom_airflow_lets(tmp_path: Path) -> None:
    named = re.compile(r"Airflow's\s+roles\s+(\w+),\s+(\w+)\s+and\s+(\w+)")
    papers = [(PROJECT_ROOT / "docs" / name).read_text() for name in ("operator.md", "alarms.md")]

    may_answer = ask_airflow(tmp_path, _WHO_MAY_ANSWER)

    assert [list(roles) for paper in papers for roles in named.findall(paper)] == [may_answer, may_answer]


def _keys(text: str) -> set[str]:
    return SECRET_KEYS.intersection(re.findall(r"\w+", text))

"""What an application that a plugin adds to Airflow answers: a stranger, who may read nothing, and a viewer."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from tests.support.dag_facts import ask_airflow

_PROGRAM = """
import importlib, json, sys, warnings
warnings.simplefilter("ignore")
from fastapi.testclient import TestClient
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api.security import get_user

create_auth_manager()
module, plugin, *paths = sys.argv[1:]
loaded = importlib.import_module(module)
client = TestClient(loaded.app, follow_redirects=False)
strangers = {path: client.get(path).status_code for path in paths}
loaded.app.dependency_overrides[get_user] = lambda: SimpleAuthManagerUser(username="eve", role=None)
refused = {path: client.get(path) for path in paths}
loaded.app.dependency_overrides[get_user] = lambda: SimpleAuthManagerUser(username="ada", role="viewer")
answers = {path: client.get(path) for path in paths}
print(json.dumps({
    "strangers": strangers,
    "public": {path: [answer.status_code, answer.text] for path, answer in refused.items()},
    "users": {path: [answer.status_code, answer.text] for path, answer in answers.items()},
    "headers": {path: dict(answer.headers) for path, answer in answers.items()},
    "views": getattr(loaded, plugin).external_views,
}))
"""


def plugin_answers(
    airflow_home: Path, module: str, plugin: str, *paths: str, **settings: str
) -> dict[str, Any]:
    """Return status and text for each path, the headers that a user gets, and the plugin's entries in the menu."""
    found: dict[str, Any] = ask_airflow(airflow_home, _PROGRAM, module, plugin, *paths, **settings)
    return found


def words_of_refusal(answers: dict[str, Any], pages: Collection[str]) -> str:
    """Return the words with which all of these pages are refused to who may read nothing; he is shown nothing else."""
    told = {answers["public"][path][1] for path in pages}

    assert {answers["public"][path][0] for path in pages} == {403}
    assert len(told) == 1
    assert 200 not in {status for status, _ in answers["public"].values()}
    return str(told.pop())

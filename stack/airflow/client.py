"""Airflow's REST API and the live page's, as far as the stack and the demo need them."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from include.errors import AirflowFailedError, AirflowRefusedError, AirflowUnavailableError
from include.network import LOOPBACK
from include.settings import Settings
from stack.airflow.configuration import base_url
from stack.http import ask

REQUEST_TIMEOUT_SECONDS = 30.0
HEALTH_TIMEOUT_SECONDS = 5.0
COMPONENTS = ("scheduler", "triggerer", "dag_processor")
ATTEMPTS = 5
# Carried out twice, these leave what they leave when carried out once; a run that is triggered twice is two runs.
REPEATABLE_METHODS = frozenset({"GET", "PUT", "PATCH"})

Answer = dict[str, Any]


class AirflowClient:
    """Calls the API as the user of the settings; each method raises AirflowUnavailableError where none answers."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._token: str | None = None

    def heartbeats(self) -> dict[str, datetime | None]:
        """Return when each healthy component was last heard of, and None for one that is not healthy."""
        health = self._request("GET", "/api/v2/monitor/health", timeout_seconds=HEALTH_TIMEOUT_SECONDS)
        return {name: _heartbeat(name, health[name]) for name in COMPONENTS}

    def get(self, path: str, **parameters: object) -> Answer:
        """Return what a path below `/api/v2` holds."""
        return self.call("GET", f"{path}?{urlencode(parameters)}" if parameters else path)

    def trigger(self, workflow: str, conf: dict[str, Any] | None = None) -> str:
        """Start a run with these params and return its id."""
        run = self.call("POST", f"dags/{workflow}/dagRuns", {"logical_date": None, "conf": conf or {}})
        return str(run["dag_run_id"])

    def runs(self, workflow: str, *, limit: int = 50) -> list[Answer]:
        """Return the newest runs, the newest first."""
        found: list[Answer] = self.get(f"dags/{workflow}/dagRuns", order_by="-run_after", limit=limit)[
            "dag_runs"
        ]
        return found

    def run_state(self, workflow: str, run_id: str) -> str:
        """Return the state of one run."""
        return str(self.get(_run_path(workflow, run_id))["state"])

    def tasks(self, workflow: str, run_id: str) -> list[Answer]:
        """Return the task instances of a run."""
        found: list[Answer] = self.get(f"{_run_path(workflow, run_id)}/taskInstances")["task_instances"]
        return found

    def result(self, workflow: str, run_id: str, task: str) -> Any:
        """Return what a task returned."""
        path = f"{_run_path(workflow, run_id)}/taskInstances/{task}/xcomEntries/return_value"
        return self.get(path, deserialize="true")["value"]

    def task_log(self, workflow: str, run_id: str, task: str, *, attempt: int = 1) -> str:
        """Return what a task has written so far."""
        path = f"{_run_path(workflow, run_id)}/taskInstances/{task}/logs/{attempt}"
        return "\n".join(str(entry.get("event", entry)) for entry in self.get(path)["content"])

    def run_url(self, workflow: str, run_id: str) -> str:
        """Return the page of a run."""
        return f"{base_url(self._settings)}/dags/{workflow}/runs/{quote(run_id)}"

    def call(self, method: str, path: str, body: Answer | None = None) -> Answer:
        """Ask for something below `/api/v2`, logged in."""
        return self._logged_in(method, f"/api/v2/{path}", body)

    def act(self, name: str, body: Answer) -> None:
        """Do on the live page what a person can do there."""
        self._logged_in("POST", f"/heartbeats/api/{name}", body)

    def _logged_in(self, method: str, path: str, body: Answer | None) -> Answer:
        if self._token is None:
            login = {
                "username": self._settings.airflow.user,
                "password": self._settings.airflow.password.get_secret_value(),
            }
            self._token = str(self._request("POST", "/auth/token", login)["access_token"])
        if method not in REPEATABLE_METHODS:
            return self._request(method, path, body)
        # Airflow's own processes get in each other's way in its database, and then it answers 500.
        retrying = Retrying(
            retry=retry_if_exception_type(AirflowFailedError),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.5, max=5),
            reraise=True,
        )
        return retrying(self._request, method, path, body)

    def _request(
        self,
        method: str,
        path: str,
        body: Answer | None = None,
        *,
        timeout_seconds: float = REQUEST_TIMEOUT_SECONDS,
    ) -> Answer:
        headers = {} if self._token is None else {"Authorization": f"Bearer {self._token}"}
        url = f"http://{LOOPBACK}:{self._settings.airflow.port}{path}"
        try:
            answer = ask(method, url, body=body, headers=headers, timeout_seconds=timeout_seconds)
            if answer.is_server_error:
                raise AirflowFailedError(request=f"{method} {path}", reason=_reason(answer))
            if answer.is_error:
                raise AirflowRefusedError(request=f"{method} {path}", reason=_reason(answer))
            return dict(answer.json())
        except (httpx.HTTPError, ValueError):
            raise AirflowUnavailableError(address=base_url(self._settings)) from None


def _run_path(workflow: str, run_id: str) -> str:
    return f"dags/{workflow}/dagRuns/{quote(run_id)}"


def _heartbeat(name: str, health: Answer) -> datetime | None:
    latest = health.get(f"latest_{name}_heartbeat")
    if health["status"] != "healthy" or latest is None:
        return None
    return datetime.fromisoformat(latest).astimezone(UTC)


def _reason(answer: httpx.Response) -> str:
    try:
        return f"{answer.status_code} {answer.json()['detail']}"
    except (ValueError, KeyError, TypeError):
        return str(answer.status_code)

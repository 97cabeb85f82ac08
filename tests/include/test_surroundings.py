"""What the shell holds for other programs does not reach ours; what is ours does."""

import os
import subprocess
import sys
import urllib.request

import pytest

from include.settings import PROJECT_ROOT, Settings, environment_of
from include.stream.submit import spark_home, submit_environment
from include.surroundings import of_ours
from stack.airflow.components import without_overrides
from stack.airflow.configuration import environment

PLAIN = {"PATH": "/usr/bin", "LANG": "C.UTF-8", "HOME": "/home/somebody"}
PROXY = "http://192.0.2.1:3128"


@pytest.mark.parametrize(
    "key",
    ["PGHOSTADDR", "PGSERVICE", "PGOPTIONS", "PGSSLMODE", "SPARK_HOME", "SPARK_CONF_DIR", "SPARK_LOCAL_DIRS",
     "SPARK_REMOTE", "SPARK_SUBMIT_OPTS", "PYSPARK_SUBMIT_ARGS", "HADOOP_CONF_DIR", "HADOOP_USER_NAME",
     "YARN_CONF_DIR", "PYTHONHOME"],
)  # fmt: skip
def test_what_is_meant_for_another_program_is_left_out(key: str) -> None:
    assert of_ours({**PLAIN, key: "elsewhere"}) == PLAIN


@pytest.mark.parametrize(
    "key", ["SPARK_MASTER", "SPARK_WORKERS", "SPARK_LOCAL_IP", "SPARK_LOCAL_HOSTNAME", "JAVA_TOOL_OPTIONS", "TZ"]
)  # fmt: skip
def test_what_may_be_meant_for_us_stays(key: str) -> None:
    assert of_ours({**PLAIN, key: "ours"}) == {**PLAIN, key: "ours"}


@pytest.mark.parametrize("key", ["http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"])
def test_loopback_is_never_asked_by_a_proxy(key: str) -> None:
    told = of_ours({**PLAIN, key: PROXY, "no_proxy": "intranet.example, ,localhost"}, ("airflow-api-server",))

    assert told["no_proxy"] == "intranet.example,localhost,127.0.0.1,::1,airflow-api-server"
    assert told["NO_PROXY"] == told["no_proxy"]
    assert of_ours(told, ("airflow-api-server",)) == told


@pytest.mark.parametrize("address", ["localhost:8085", "127.0.0.1:8085", "airflow-api-server:8085"])
def test_python_takes_the_exemptions_for_what_they_are(address: str) -> None:
    told = of_ours({**PLAIN, "http_proxy": PROXY}, ("airflow-api-server",))

    assert urllib.request.proxy_bypass_environment(address, {"no": told["no_proxy"]})  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("locale", "is_kept"),
    [({"LANG": "C"}, False), ({}, False), ({"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"}, False),
     ({"LANG": "de_DE.UTF-8"}, True), ({"LC_ALL": "C.utf8", "LANG": "C"}, True)],
)  # fmt: skip
def test_text_is_utf_8_whatever_the_locale(locale: dict[str, str], *, is_kept: bool) -> None:
    bare = {key: value for key, value in PLAIN.items() if key != "LANG"}

    told = of_ours({**bare, **locale})

    assert told == (
        {**bare, **locale} if is_kept else {**bare, **locale, "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}
    )


def test_what_spark_and_airflow_need_goes_before_what_the_shell_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in (
        "JAVA_HOME",
        "SPARK_HOME",
        "SPARK_CONF_DIR",
        "PYTHONPATH",
        "PYSPARK_PYTHON",
        "HADOOP_CONF_DIR",
    ):
        monkeypatch.setenv(key, "/elsewhere")

    for told in (submit_environment(Settings()), environment(Settings())):
        assert "/elsewhere" not in told.values()
        assert told["SPARK_HOME"] == str(spark_home())
        assert told["SPARK_CONF_DIR"] == str(PROJECT_ROOT / "spark_jobs")
    assert "HADOOP_CONF_DIR" not in environment_of(Settings())


def test_another_airflow_s_database_is_not_taken_for_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "sqlite:////elsewhere.db")

    told = without_overrides(environment(Settings()))

    assert [key for key in told if key.startswith("AIRFLOW__")] == []
    assert told["AIRFLOW_HOME"]


def test_a_process_that_settles_in_hands_on_what_is_left() -> None:
    program = (
        "import os, subprocess, sys; from include.surroundings import settle_in; settle_in();"
        "sys.stdout.write(subprocess.run(['env'], capture_output=True, text=True).stdout)"
    )
    hostile = {**os.environ, "PGSERVICE": "elsewhere", "http_proxy": PROXY, "PYTHONPATH": str(PROJECT_ROOT)}

    told = subprocess.run(
        [sys.executable, "-c", program], env=hostile, check=True, capture_output=True, text=True
    )

    assert "PGSERVICE" not in told.stdout
    assert "no_proxy=localhost,127.0.0.1,::1\n" in told.stdout

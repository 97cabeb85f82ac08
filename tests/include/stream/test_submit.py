"""How the job is handed to Spark: the same by hand and by Airflow, and nothing secret in it."""

from pathlib import Path

from pydantic import SecretStr

from include.settings import PROJECT_ROOT, Settings
from include.stream.submit import APPLICATION, PROPERTIES_FILE, submit_args, submit_command

SECRET = SecretStr("open-sesame")
SETTINGS = Settings(db_pass=SECRET, db_stream_pass=SECRET, spark_master="local[2,4]")


def test_airflow_submits_the_same_job_with_the_same_properties_as_the_command_line() -> None:
    arguments, command = submit_args(), submit_command(SETTINGS, drain=False)

    assert Path(arguments["application"]) == PROJECT_ROOT / APPLICATION
    assert Path(arguments["properties_file"]) == PROJECT_ROOT / PROPERTIES_FILE
    assert {APPLICATION, PROPERTIES_FILE} <= set(command)
    assert Path(arguments["application"]).is_file()
    assert Path(arguments["properties_file"]).is_file()


def test_no_password_is_on_either() -> None:
    words = [*submit_args().values(), *submit_command(SETTINGS, drain=True)]

    assert [word for word in words if SECRET.get_secret_value() in word] == []

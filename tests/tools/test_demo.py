"""What the demo says at its end."""

from pydantic import SecretStr

from include.settings import Settings
from tools.demo import way_in


def test_the_way_in_is_that_of_the_settings_and_names_no_password() -> None:
    words = way_in(Settings(airflow_port=18085, airflow_user="anne", airflow_pass=SecretStr("open-sesame")))

    assert "http://localhost:18085, login anne" in words
    assert "8085," not in words.replace("18085,", "")
    assert "admin" not in words
    assert "open-sesame" not in words

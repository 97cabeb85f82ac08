"""What clients are told of a secured broker, and what the settings refuse."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from include.broker.access import client_options, password_environment, spark_options
from include.errors import SettingsError
from include.settings import Settings
from include.stack.kafka import Kafka

SECRET = "correct horse battery staple"
LOGIN = {
    "kafka_security_protocol": "SASL_PLAINTEXT",
    "kafka_sasl_username": "heartbeat",
    "kafka_sasl_password": SecretStr(SECRET),
}


def settings_with(**values: object) -> Settings:
    return Settings.model_validate(values)


def test_an_open_broker_needs_an_address_and_nothing_else() -> None:
    settings = Settings(kafka_broker="a:1,b:2")

    assert client_options(settings) == {
        "bootstrap_servers": ["a:1", "b:2"],
        "security_protocol": "PLAINTEXT",
    }
    assert spark_options(settings) == {"kafka.bootstrap.servers": "a:1,b:2"}
    assert password_environment(settings) == {}


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_spark_is_told_where_the_password_is_and_not_what_it_is(mechanism: str) -> None:
    settings = settings_with(**LOGIN, kafka_sasl_mechanism=mechanism)

    options = spark_options(settings)

    assert options["kafka.sasl.mechanism"] == mechanism
    assert 'password="${env:KAFKA_SASL_PASSWORD}"' in options["kafka.sasl.jaas.config"]
    assert SECRET not in str(options)
    assert password_environment(settings) == {"KAFKA_SASL_PASSWORD": SECRET}
    assert client_options(settings)["sasl_plain_password"] == SECRET


def test_files_are_for_tls_alone(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.touch()
    files = {"kafka_ssl_ca_file": authority, "kafka_ssl_client_file": authority}

    plain = spark_options(settings_with(**files))
    secured = spark_options(settings_with(**files, kafka_security_protocol="SSL"))

    assert not any("ssl" in name for name in plain)
    assert (
        secured["kafka.ssl.truststore.location"] == secured["kafka.ssl.keystore.location"] == str(authority)
    )
    assert secured["kafka.ssl.truststore.type"] == "PEM"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"kafka_sasl_username": ""}, "must be set where KAFKA_SECURITY_PROTOCOL is SASL_PLAINTEXT"),
        ({"kafka_sasl_password": ""}, "must be set where KAFKA_SECURITY_PROTOCOL is SASL_PLAINTEXT"),
        ({"kafka_sasl_password": 'a"b'}, "must not hold a quotation mark"),
        ({"kafka_sasl_username": "a\\b"}, "must not hold a quotation mark"),
        ({"kafka_sasl_mechanism": "GSSAPI"}, "SCRAM-SHA-512"),
        ({"kafka_security_protocol": "TLS"}, "SASL_SSL"),
        ({"kafka_ssl_ca_file": "no/such/file.pem"}, "there is no such file"),
    ],
)
def test_what_cannot_work_is_refused_where_it_is_set(changes: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem) as refused:
        settings_with(**{**LOGIN, **changes})

    [detail] = refused.value.errors(include_input=False)
    assert detail["loc"] == tuple(changes)


def test_the_embedded_broker_says_that_it_has_no_lock() -> None:
    with pytest.raises(SettingsError, match="KAFKA_SECURITY_PROTOCOL is SASL_PLAINTEXT, but the embedded"):
        Kafka(settings_with(**LOGIN)).claims()

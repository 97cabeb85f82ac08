"""What clients are told of a secured broker, and what the settings refuse."""

from pathlib import Path

import pytest
from confluent_kafka import KafkaError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr, ValidationError

from include.broker.access import client_options, librdkafka_error, librdkafka_options
from include.errors import (
    BrokerCertificateError,
    BrokerLoginError,
    BrokerUnavailableError,
    PermanentError,
    SettingsError,
)
from include.network import LOOPBACK
from include.settings import Settings
from stack.kafka import Kafka
from stack.ports import free_port

SECRET = 'correct "horse" battery\\staple'
LOGIN = {
    "kafka_security_protocol": "SASL_PLAINTEXT",
    "kafka_sasl_username": "heartbeat",
    "kafka_sasl_password": SecretStr(SECRET),
}


def settings_with(**values: object) -> Settings:
    return Settings.model_validate(values)


def without_sockets(options: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in options.items() if not name.startswith(("socket.", "proxy_"))}


def test_an_open_broker_needs_an_address_and_nothing_else() -> None:
    settings = Settings(kafka_broker="a:1,b:2")

    assert without_sockets(client_options(settings)) == {
        "bootstrap_servers": ["a:1", "b:2"],
        "security_protocol": "PLAINTEXT",
    }
    assert without_sockets(librdkafka_options(settings)) == {
        "bootstrap.servers": "a:1,b:2",
        "security.protocol": "PLAINTEXT",
    }


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_both_clients_log_in_with_what_is_set(mechanism: str) -> None:
    settings = settings_with(**LOGIN, kafka_sasl_mechanism=mechanism)

    options, plain = librdkafka_options(settings), client_options(settings)

    assert options["sasl.mechanism"] == plain["sasl_mechanism"] == mechanism
    assert options["sasl.username"] == plain["sasl_plain_username"] == "heartbeat"
    assert options["sasl.password"] == plain["sasl_plain_password"] == SECRET


def test_files_are_for_tls_alone(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.touch()
    files = {"kafka_ssl_ca_file": authority, "kafka_ssl_client_file": authority}

    plain = librdkafka_options(settings_with(**files))
    secured = librdkafka_options(settings_with(**files, kafka_security_protocol="SSL"))

    assert not any("ssl" in name for name in plain)
    named = ("ssl.ca.location", "ssl.certificate.location", "ssl.key.location")
    assert {secured[name] for name in named} == {str(authority)}
    assert secured["ssl.endpoint.identification.algorithm"] == "https"


@pytest.mark.parametrize(
    "content", [b"", b"no certificate\n", b"\x00\xff", b"-----BEGIN CERTIFICATE-----\nx\n"]
)
@pytest.mark.parametrize("key", ["kafka_ssl_ca_file", "kafka_ssl_client_file"])
def test_a_file_that_holds_no_certificate_is_named_in_one_line(
    key: str, content: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "odd.pem"
    file.write_bytes(content)

    with pytest.raises(SettingsError, match=f"{key.upper()}: {file} holds no certificate") as told:
        client_options(settings_with(kafka_security_protocol="SSL", **{key: file}))

    assert len(str(told.value).splitlines()) == 1


def test_a_key_that_asks_for_a_password_is_told_and_asks_nobody(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    locked = serialization.BestAvailableEncryption(b"word")
    file = tmp_path / "locked.pem"
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked))

    with pytest.raises(SettingsError, match="KAFKA_SSL_CLIENT_FILE"):
        client_options(settings_with(kafka_security_protocol="SSL", kafka_ssl_client_file=file))


LOGIN_BROKE_OFF = "SASL SCRAM-SHA-512 mechanism handshake failed: Local: Broker transport failure"
LOGIN_REFUSED = "SASL authentication error: Authentication failed due to invalid credentials"
CERTIFICATE_REFUSED = (
    "Receive failed: error:0A000412:SSL routines::ssl/tls alert bad certificate: SSL alert number 42"
)


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (KafkaError._AUTHENTICATION, LOGIN_REFUSED, BrokerLoginError),
        (KafkaError._AUTHENTICATION, LOGIN_BROKE_OFF, BrokerUnavailableError),
        (KafkaError._TRANSPORT, CERTIFICATE_REFUSED, BrokerCertificateError),
        (KafkaError._TRANSPORT, "Connect failed: Connection refused", BrokerUnavailableError),
        # Nobody listens there: it was a broker that went away while it was greeted.
        (KafkaError._SSL, "SSL handshake failed: Disconnected", BrokerUnavailableError),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, "Broker: Topic authorization failed", PermanentError),
    ],
)
def test_a_broker_that_goes_away_is_not_taken_for_one_that_refuses(
    code: int, text: str, kind: type[Exception]
) -> None:
    settings = settings_with(
        **LOGIN | {"kafka_security_protocol": "SASL_SSL"}, kafka_broker=f"{LOOPBACK}:{free_port()}"
    )

    assert type(librdkafka_error(settings, KafkaError(code, text))) is kind


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"kafka_sasl_username": ""}, "must be set where KAFKA_SECURITY_PROTOCOL is SASL_PLAINTEXT"),
        ({"kafka_sasl_password": ""}, "must be set where KAFKA_SECURITY_PROTOCOL is SASL_PLAINTEXT"),
        ({"kafka_sasl_mechanism": "GSSAPI"}, "SCRAM-SHA-512"),
        ({"kafka_security_protocol": "TLS"}, "SASL_SSL"),
        ({"kafka_ssl_ca_file": "no/such/file.pem"}, "there is no such file"),
    ],
)
def test_what_cannot_work_is_refused_where_it_is_set(changes: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem) as refused:
        settings_with(**{**LOGIN, **changes})

    [detail] = refused.value.errors(include_input=False)
    assert detail["loc"] == ("kafka", *changes)


def test_the_embedded_broker_says_that_it_has_no_lock() -> None:
    with pytest.raises(SettingsError, match="KAFKA_SECURITY_PROTOCOL is SASL_PLAINTEXT, but the embedded"):
        Kafka(settings_with(**LOGIN)).claims()

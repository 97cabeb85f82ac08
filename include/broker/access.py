"""How a client reaches the broker: the settings as kafka-python wants them, and as Spark's own Kafka client does.

The password is handed to kafka-python alone. Spark is told where to find it: each of its Java machines, the driver's
and the executors', reads it from its own environment, so that it stands in no option, plan, event log or task.
"""

import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka.errors import KafkaError, SaslAuthenticationFailedError, UnsupportedSaslMechanismError

from include.errors import (
    BrokerLoginError,
    BrokerTrustError,
    BrokerUnavailableError,
    PermanentError,
    TransientError,
)
from include.settings import Settings

PASSWORD_VARIABLE = "KAFKA_SASL_PASSWORD"  # noqa: S105 - the variable's name

# A client that cannot log in tries on until its time is up, and then says only that; the reason stands in its log.
_CLIENT_LOG = logging.getLogger("kafka.net.manager")
_CLIENT_LOG.setLevel(logging.WARNING)
_CLIENT_LOG.propagate = False
_CLIENT_LOG.addHandler(logging.NullHandler())

_PROBE_TIMEOUT_SECONDS = 3.0
_LOGIN_MODULES = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
}


_REFUSALS = (SaslAuthenticationFailedError, UnsupportedSaslMechanismError)


def client_options(settings: Settings) -> dict[str, Any]:
    """Return what every kafka-python client is made with; it holds the password."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_broker.split(","),
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_uses_tls:
        options["ssl_context"] = _tls_context(settings)
    if settings.kafka_uses_sasl:
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_sasl_username
        options["sasl_plain_password"] = settings.kafka_sasl_password.get_secret_value()
    return options


def spark_options(settings: Settings) -> dict[str, str]:
    """Return the same as options of Spark's Kafka source; none is a secret."""
    options = {"kafka.bootstrap.servers": settings.kafka_broker}
    if settings.kafka_security_protocol != "PLAINTEXT":
        options["kafka.security.protocol"] = settings.kafka_security_protocol
    for name, file in {
        "truststore": settings.kafka_ssl_ca_file,
        "keystore": settings.kafka_ssl_client_file,
    }.items():
        if settings.kafka_uses_tls and file is not None:
            options[f"kafka.ssl.{name}.type"] = "PEM"
            options[f"kafka.ssl.{name}.location"] = str(file)
    if settings.kafka_uses_sasl:
        module, user = _LOGIN_MODULES[settings.kafka_sasl_mechanism], settings.kafka_sasl_username
        options["kafka.sasl.mechanism"] = settings.kafka_sasl_mechanism
        options["kafka.config.providers"] = "env"
        options["kafka.config.providers.env.class"] = (
            "org.apache.kafka.common.config.provider.EnvVarConfigProvider"
        )
        options["kafka.sasl.jaas.config"] = (
            f'{module} required username="{user}" password="${{env:{PASSWORD_VARIABLE}}}";'
        )
    return options


def password_environment(settings: Settings) -> dict[str, str]:
    """Return what Spark's Java machines have to find in their environment."""
    if not settings.kafka_uses_sasl:
        return {}
    return {PASSWORD_VARIABLE: settings.kafka_sasl_password.get_secret_value()}


@contextmanager
def readable_connecting(settings: Settings) -> Iterator[None]:
    """Turn what a client raises while it is made into one clear line."""
    ear = _Ear()
    _CLIENT_LOG.addHandler(ear)
    try:
        yield
    except KafkaError as error:
        raise broker_error(settings, ear.refusal or error) from None
    finally:
        _CLIENT_LOG.removeHandler(ear)


def broker_error(settings: Settings, error: KafkaError) -> TransientError | PermanentError:
    """Say in one line what a failed call to the broker means, and what to do."""
    if isinstance(error, _REFUSALS):
        return BrokerLoginError(user=settings.kafka_sasl_username, broker=settings.kafka_broker)
    # What the client gives up for good has a number and is not worth another try.
    if (
        hasattr(error, "errno")
        and not getattr(error, "retriable", False)
        and not isinstance(error, TimeoutError)
    ):
        return PermanentError(f"the broker at {settings.kafka_broker} refused: {type(error).__name__}")
    return unavailable(settings)


def unavailable(settings: Settings) -> TransientError | PermanentError:
    """Say why no broker answers: it is away, or it shows a certificate that is not trusted."""
    reason = _distrust(settings) if settings.kafka_uses_tls else None
    if reason is not None:
        return BrokerTrustError(broker=settings.kafka_broker, reason=reason)
    return BrokerUnavailableError(broker=settings.kafka_broker, protocol=settings.kafka_security_protocol)


class _Ear(logging.Handler):
    """Takes from the client's log the refusal of a login, if there was one."""

    refusal: KafkaError | None = None

    def emit(self, record: logging.LogRecord) -> None:
        heard = record.args if isinstance(record.args, tuple) else ()
        self.refusal = next((word for word in heard if isinstance(word, _REFUSALS)), self.refusal)


def _tls_context(settings: Settings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.kafka_ssl_ca_file)
    if settings.kafka_ssl_client_file is not None:
        context.load_cert_chain(settings.kafka_ssl_client_file)
    return context


def _distrust(settings: Settings) -> str | None:
    """Shake hands with the first broker by ourselves: the client keeps to itself why that fails, and tries on."""
    host, port = settings.kafka_broker.split(",")[0].rsplit(":", 1)
    try:
        with (
            socket.create_connection((host, int(port)), timeout=_PROBE_TIMEOUT_SECONDS) as plain,
            _tls_context(settings).wrap_socket(plain, server_hostname=host),
        ):
            return None
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except ssl.SSLError:
        return "it does not speak TLS there"
    except OSError:
        return None

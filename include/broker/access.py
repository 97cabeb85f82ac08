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
    """Turn what a client raises while it is made into one clear line; a broker that is not trusted is told at once."""
    if settings.kafka_uses_tls and (reason := _distrust(settings)) is not None:
        raise BrokerTrustError(broker=settings.kafka_broker, reason=reason)
    ear = _Ear()
    _CLIENT_LOG.addHandler(ear)
    try:
        yield
    except KafkaError as error:
        if ear.refusal is None and ear.was_cut_off and settings.kafka_uses_sasl and _is_reachable(settings):
            raise BrokerLoginError(user=settings.kafka_sasl_username, broker=settings.kafka_broker) from None
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


def unavailable(settings: Settings) -> BrokerUnavailableError:
    """Return the error that says that no broker answers."""
    return BrokerUnavailableError(broker=settings.kafka_broker, protocol=settings.kafka_security_protocol)


class _Ear(logging.Handler):
    """Takes from the client's log the refusal of a login, if there was one.

    A broker hangs up a tenth of a second after it has refused. A client that reads both at once loses the refusal.
    """

    refusal: KafkaError | None = None
    was_cut_off = False

    def emit(self, record: logging.LogRecord) -> None:
        heard = [word for word in record.args or () if isinstance(word, KafkaError)]
        self.refusal = next((error for error in heard if isinstance(error, _REFUSALS)), self.refusal)
        self.was_cut_off |= any("socket disconnected" in str(error) for error in heard)


def _tls_context(settings: Settings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.kafka_ssl_ca_file)
    if settings.kafka_ssl_client_file is not None:
        context.load_cert_chain(settings.kafka_ssl_client_file)
    return context


def _distrust(settings: Settings) -> str | None:
    """Shake hands with the broker by ourselves: the client would keep to itself why that fails, and try on."""
    try:
        _reach(settings)
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except ssl.SSLError:
        return "it does not speak TLS there"
    except OSError:
        return None
    return None


def _is_reachable(settings: Settings) -> bool:
    try:
        _reach(settings)
    except OSError:  # what TLS refuses is one as well
        return False
    return True


def _reach(settings: Settings) -> None:
    """Connect to the first broker, as far as its login."""
    host, port = settings.kafka_broker.split(",")[0].rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=_PROBE_TIMEOUT_SECONDS) as plain:
        if settings.kafka_uses_tls:
            _tls_context(settings).wrap_socket(plain, server_hostname=host).close()

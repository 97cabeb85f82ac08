"""How a client reaches the broker: the settings as kafka-python wants them, and as librdkafka does.

Each process hands the password to its own clients: it stands in no option, plan, event log or task of Spark's.
"""

import logging
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from kafka.errors import KafkaError, SaslAuthenticationFailedError, UnsupportedSaslMechanismError

from include.clients.sockets import CLOSED_IF_UNCONNECTED
from include.errors import (
    BrokerCertificateError,
    BrokerLoginError,
    BrokerTrustError,
    BrokerUnavailableError,
    PermanentError,
    SettingsError,
    TransientError,
)
from include.settings import Settings

# librdkafka logs each failed attempt to connect; what matters reaches the user as one error.
LIBRDKAFKA_LOG = logging.getLogger("heartbeat.librdkafka")
LIBRDKAFKA_LOG.addHandler(logging.NullHandler())
LIBRDKAFKA_LOG.propagate = False

# A client that cannot log in tries on until its time is up, and then says only that; the reason stands in its log.
_CLIENT_LOG = logging.getLogger("kafka.net.manager")
_CLIENT_LOG.setLevel(logging.WARNING)
_CLIENT_LOG.propagate = False
_CLIENT_LOG.addHandler(logging.NullHandler())

_PROBE_TIMEOUT_SECONDS = 3.0
_LISTEN_SECONDS = 1.0

# What a client is told whose certificate is refused; with TLS 1.3 that comes after the handshake.
_CERTIFICATE_ALERT = re.compile(r"alert ([a-z ]*(?:certificate|unknown ca)[a-z ]*)")
# librdkafka takes a connection that breaks during the login for a refusal.
_BROKE_OFF = re.compile(r"transport failure|timed out|disconnected", re.IGNORECASE)
_LOGIN_REFUSED = ("_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED")
_REFUSALS = (SaslAuthenticationFailedError, UnsupportedSaslMechanismError)


def client_options(settings: Settings) -> dict[str, Any]:
    """Return what every kafka-python client is made with; it holds the password."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka.broker.split(","),
        "security_protocol": settings.kafka.security_protocol,
        "proxy_url": CLOSED_IF_UNCONNECTED,
    }
    if settings.kafka.uses_tls:
        options["ssl_context"] = _tls_context(settings)
    if settings.kafka.uses_sasl:
        options["sasl_mechanism"] = settings.kafka.sasl_mechanism
        options["sasl_plain_username"] = settings.kafka.sasl_username
        options["sasl_plain_password"] = settings.kafka.sasl_password.get_secret_value()
    return options


def librdkafka_options(settings: Settings) -> dict[str, Any]:
    """Return the same for librdkafka, which the stream's tasks read with; it holds the password."""
    options: dict[str, Any] = {
        "bootstrap.servers": settings.kafka.broker,
        "security.protocol": settings.kafka.security_protocol,
        "socket.nagle.disable": True,
        "socket.keepalive.enable": True,
    }
    if settings.kafka.uses_tls:
        options["ssl.endpoint.identification.algorithm"] = "https"
        options["ssl.ca.location"] = str(settings.kafka.ssl_ca_file or _authorities_of_the_system())
        if settings.kafka.ssl_client_file is not None:
            options["ssl.certificate.location"] = str(settings.kafka.ssl_client_file)
            options["ssl.key.location"] = str(settings.kafka.ssl_client_file)
    if settings.kafka.uses_sasl:
        options["sasl.mechanism"] = settings.kafka.sasl_mechanism
        options["sasl.username"] = settings.kafka.sasl_username
        options["sasl.password"] = settings.kafka.sasl_password.get_secret_value()
    return options


def is_refusal(error: Any) -> bool:
    """Tell whether librdkafka reports why client and broker do not come together: certificates, or the login."""
    return error.name() in (*_LOGIN_REFUSED, "_SSL") or _CERTIFICATE_ALERT.search(error.str()) is not None


def librdkafka_error(settings: Settings, error: Any) -> TransientError | PermanentError:
    """Say in one line what a refusal that librdkafka reports (a KafkaError of its own) means, and what to do."""
    name = error.name()
    if (refused := _refused_certificate(settings, error.str())) is not None:
        return refused
    if name in _LOGIN_REFUSED and not _BROKE_OFF.search(error.str()):
        return BrokerLoginError(user=settings.kafka.sasl_username, broker=settings.kafka.broker)
    if name == "_SSL" and (distrust := _distrust(settings)) is not None:
        return distrust
    if name.endswith("AUTHORIZATION_FAILED"):
        return PermanentError(f"the broker at {settings.kafka.broker} refused: {error.str()}")
    return unavailable(settings)


@contextmanager
def readable_connecting(settings: Settings) -> Iterator[None]:
    """Turn what a client raises while it is made into one clear line; a broker that is not trusted is told at once."""
    if settings.kafka.uses_tls and (distrust := _distrust(settings)) is not None:
        raise distrust
    ear = _Ear()
    _CLIENT_LOG.addHandler(ear)
    try:
        yield
    except KafkaError as error:
        if ear.refusal is None and ear.was_cut_off and (reason := _reason_of_cut(settings)) is not None:
            raise reason from None
        raise broker_error(settings, ear.refusal or error) from None
    finally:
        _CLIENT_LOG.removeHandler(ear)


def broker_error(settings: Settings, error: KafkaError) -> TransientError | PermanentError:
    """Say in one line what a failed call to the broker means, and what to do."""
    if isinstance(error, _REFUSALS):
        return BrokerLoginError(user=settings.kafka.sasl_username, broker=settings.kafka.broker)
    # What the client gives up for good has a number and is not worth another try.
    if (
        hasattr(error, "errno")
        and not getattr(error, "retriable", False)
        and not isinstance(error, TimeoutError)
    ):
        return PermanentError(f"the broker at {settings.kafka.broker} refused: {type(error).__name__}")
    return unavailable(settings)


def unavailable(settings: Settings) -> BrokerUnavailableError:
    """Return the error that says that no broker answers."""
    return BrokerUnavailableError(broker=settings.kafka.broker, protocol=settings.kafka.security_protocol)


class _Ear(logging.Handler):
    """Takes from the client's log the refusal of a login, if there was one.

    A broker hangs up a tenth of a second after it has refused. A client that reads both at once loses the refusal.
    """

    refusal: KafkaError | None = None
    was_cut_off = False

    def emit(self, record: logging.LogRecord) -> None:
        heard = [word for word in record.args or () if isinstance(word, KafkaError)]
        self.refusal = next((error for error in heard if isinstance(error, _REFUSALS)), self.refusal)
        self.was_cut_off |= any(
            "socket disconnected" in str(error) or _CERTIFICATE_ALERT.search(str(error)) for error in heard
        )


def _tls_context(settings: Settings) -> ssl.SSLContext:
    with _readable_file("KAFKA_SSL_CA_FILE", settings.kafka.ssl_ca_file, "no certificate that can be read"):
        context = ssl.create_default_context(cafile=settings.kafka.ssl_ca_file)
    if settings.kafka.ssl_client_file is not None:
        lacking = "no certificate and key that belong together and can be read"
        with _readable_file("KAFKA_SSL_CLIENT_FILE", settings.kafka.ssl_client_file, lacking):
            # Without a password at hand OpenSSL would ask for one on the terminal.
            context.load_cert_chain(settings.kafka.ssl_client_file, password="")
    return context


@contextmanager
def _readable_file(setting: str, file: Path | None, lacking: str) -> Iterator[None]:
    try:
        yield
    except (ssl.SSLError, ValueError):  # what OpenSSL says of a file that holds something else
        problem = f"holds {lacking}"
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
    else:
        return
    raise SettingsError(f"{setting}: {file} {problem}: name a PEM file")


def _authorities_of_the_system() -> str:
    """Return where Python finds whom it trusts (SSL_CERT_FILE moves that): librdkafka would look elsewhere."""
    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.capath or "probe"


def _distrust(settings: Settings) -> BrokerTrustError | BrokerCertificateError | None:
    """Shake hands with the broker by ourselves: the client would keep to itself why that fails, and try on."""
    try:
        _reach(settings)
    except ssl.SSLCertVerificationError as error:
        return BrokerTrustError(broker=settings.kafka.broker, reason=error.verify_message)
    except ssl.SSLError as error:
        no_tls = BrokerTrustError(broker=settings.kafka.broker, reason="it does not speak TLS there")
        return _refused_certificate(settings, str(error)) or no_tls
    except OSError:
        return None
    return None


def _reason_of_cut(settings: Settings) -> BrokerLoginError | BrokerCertificateError | None:
    """Tell why a broker that can be reached hangs up."""
    try:
        _reach(settings, listen=True)
    except ssl.SSLError as error:
        return _refused_certificate(settings, str(error))
    except OSError:
        return None
    if not settings.kafka.uses_sasl:
        return None
    return BrokerLoginError(user=settings.kafka.sasl_username, broker=settings.kafka.broker)


def _refused_certificate(settings: Settings, text: str) -> BrokerCertificateError | None:
    alert = _CERTIFICATE_ALERT.search(text)
    return None if alert is None else BrokerCertificateError(broker=settings.kafka.broker, reason=alert[1])


def _reach(settings: Settings, *, listen: bool = False) -> None:
    """Connect to the first broker, as far as its login; with `listen` hear what TLS has to say after the handshake."""
    host, port = settings.kafka.broker.split(",")[0].rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=_PROBE_TIMEOUT_SECONDS) as plain:
        if settings.kafka.uses_tls:
            with _tls_context(settings).wrap_socket(plain, server_hostname=host) as secured:
                if listen:
                    secured.settimeout(_LISTEN_SECONDS)
                    with suppress(TimeoutError):  # it waits for us to speak: all is well up to there
                        secured.recv(1)

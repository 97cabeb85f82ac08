"""The stack's own broker with a lock on its listener: SASL over TLS, with certificates made for the occasion."""

import ipaddress
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kafka import KafkaAdminClient
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion
from pydantic import SecretStr

from include.broker.access import client_options
from include.network import LOOPBACK
from include.settings import Settings
from stack.kafka import Kafka
from stack.ports import free_port
from stack.supervisor import Supervisor

USER, PASSWORD = "heartbeat", "broker-password-of-the-test"
ADMIN, ADMIN_PASSWORD = "broker", "password-of-the-broker-itself"

# PLAIN is known to the broker from its file; with that login the test makes the SCRAM user. Where there is a login, a
# broker asks for certificates only on a listener that is named.
LOCK = """\
listener.security.protocol.map=CLIENT:SASL_SSL,CONTROLLER:PLAINTEXT
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.client.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required username="{admin}" password="{password}" \
user_{admin}="{password}";
listener.name.client.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={key_file}
ssl.truststore.type=PEM
ssl.truststore.location={ca_file}
listener.name.client.ssl.client.auth=required
"""


class Authority:
    """A certificate authority that lives in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = _certificate(name, self._key, name, self._key, is_authority=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(_pem(self._certificate))

    def issue(self, name: str) -> Path:
        """Return a file with a new key and its certificate, good for a server on loopback and for a client."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(name, key, self._name, self._key, is_authority=False)
        encoded = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file = self._folder / f"{self._name}-{name}.pem"
        file.write_bytes(encoded + _pem(certificate))
        return file


@contextmanager
def secured_broker(stack: Settings, folder: Path) -> Iterator[Settings]:
    """Run a broker that asks for a login and a client certificate; give settings that have both."""
    authority = Authority(folder, "authority")
    lock = LOCK.format(
        admin=ADMIN,
        password=ADMIN_PASSWORD,
        key_file=authority.issue("server"),
        ca_file=authority.file,
    )
    settings = stack.having(
        stack_dir=folder,
        kafka_broker=f"{LOOPBACK}:{free_port()}",
        kafka_security_protocol="SASL_SSL",
        kafka_sasl_mechanism="SCRAM-SHA-512",
        kafka_sasl_username=USER,
        kafka_sasl_password=SecretStr(PASSWORD),
        kafka_ssl_ca_file=authority.file,
        kafka_ssl_client_file=authority.issue("client"),
    )
    own = {
        "kafka_sasl_mechanism": "PLAIN",
        "kafka_sasl_username": ADMIN,
        "kafka_sasl_password": SecretStr(ADMIN_PASSWORD),
    }
    broker = Kafka(settings.having(**own), more_configuration=lock)
    supervisor = Supervisor(folder / "run")
    try:
        supervisor.await_ready(broker, supervisor.start(broker))
        _create_user(broker.settings)
        yield settings
    finally:
        supervisor.stop(broker)


def _create_user(admin_settings: Settings) -> None:
    with closing(KafkaAdminClient(**client_options(admin_settings))) as admin:
        admin.alter_user_scram_credentials(
            [UserScramCredentialUpsertion(USER, ScramMechanism.SCRAM_SHA_512, PASSWORD, iterations=4096)]
        )


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(LOOPBACK))]), critical=False
        )
    )
    return builder.sign(issuer_key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)

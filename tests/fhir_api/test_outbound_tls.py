"""Over TLS the certificate must be the named server's, whatever address its name has."""

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from fhir_api.outbound.client import OutboundClient
from fhir_api.outbound.errors import Unreachable
from tests.support.sources import Source, serving

NAME = "ehr.example"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for NAME, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=3650))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    path = tmp_path / "certificate.pem"
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(plain + made.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def source(certificate: Path) -> Iterator[Source]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with serving(tls) as made:
        made.put("/file", b"hello")
        yield made


@pytest.fixture
def port(source: Source, monkeypatch: pytest.MonkeyPatch) -> str:
    """The port of the server, which every name leads to."""
    honest = socket.getaddrinfo

    def here(name: str, *given: Any, **options: Any) -> Any:
        return honest("127.0.0.1" if name.endswith(".example") else name, *given, **options)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    return source.url.rpartition(":")[2]


def client(port: str, name: str, certificate: Path) -> OutboundClient:
    trust = ssl.create_default_context(cafile=str(certificate))
    return OutboundClient([f"https://{name}:{port}"], allow_private=True, trust=trust)


def test_the_named_servers_certificate_is_taken(port: str, certificate: Path) -> None:
    answer = client(port, NAME, certificate).get(f"https://{NAME}:{port}/file")

    assert answer.body == b"hello"


def test_a_certificate_for_another_name_is_refused(
    port: str, certificate: Path, source: Source
) -> None:
    with pytest.raises(Unreachable):
        client(port, "other.example", certificate).get(f"https://other.example:{port}/file")

    assert source.asked == []


def test_a_certificate_that_nobody_vouches_for_is_refused(port: str, source: Source) -> None:
    listed = OutboundClient([f"https://{NAME}:{port}"], allow_private=True)

    with pytest.raises(Unreachable):
        listed.get(f"https://{NAME}:{port}/file")
    assert source.asked == []

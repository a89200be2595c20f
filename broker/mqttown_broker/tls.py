"""The certificate of the doors: one that the operator names, or a self-signed one for play."""

import datetime as dt
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mqttown.private import write_private

if TYPE_CHECKING:
    from cryptography import x509

__all__ = ["Tls", "TlsError", "self_signed"]

DAYS: Final = 825
"""How long a self-signed certificate holds; more than that some clients refuse."""
RENEW_DAYS: Final = 30


class TlsError(RuntimeError):
    """The certificate or its key is of no use; the message says why."""


@dataclass(frozen=True, slots=True)
class Tls:
    """A certificate and its key, both PEM files.

    Attributes:
        certificate: with all that lies between it and its authority.
        key: readable by us alone.
    """

    certificate: Path
    key: Path

    def check(self) -> "Tls":
        """See that both can be read and belong together, and return self.

        Raises:
            TlsError: they do not.
        """
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise TlsError(f"--tls-cert {self.certificate} with --tls-key {self.key}: {error}") from error
        return self


def self_signed(folder: Path, host: str) -> Tls:
    """A certificate that vouches for itself, for play; made once, and anew when it is about to end or the host is another.

    Args:
        folder: where `certificate.pem` and `key.pem` are kept.
        host: name or address that people come by; `localhost`, loopback and this machine's name are in it too.
    """
    from cryptography import x509  # noqa: PLC0415  half a second that only TLS needs

    tls = Tls(folder / "certificate.pem", folder / "key.pem")
    names = sorted({"localhost", socket.gethostname(), "127.0.0.1", "::1", host} - {"0.0.0.0", "::"})  # noqa: S104  compared
    if tls.certificate.exists() and tls.key.exists():
        known = x509.load_pem_x509_certificate(tls.certificate.read_bytes())
        inside = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        held = {str(one.value) for one in inside}
        left = known.not_valid_after_utc - dt.datetime.now(dt.UTC)
        if held >= set(names) and left > dt.timedelta(days=RENEW_DAYS):
            return tls
    _make(tls, names)
    return tls


def _make(tls: Tls, names: list[str]) -> None:
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mqttown, self-signed")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(own)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([_name(one) for one in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    tls.key.parent.mkdir(parents=True, exist_ok=True)
    kept = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_private(tls.key, kept.decode("ascii"))
    tls.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _name(text: str) -> "x509.GeneralName":
    from cryptography import x509  # noqa: PLC0415

    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)

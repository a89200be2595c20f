"""What is sealed for one of our processes: whoever reads the database on the way can't read it."""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = ["Seal"]

_KEY_BYTES: Final = 32
_NONCE: Final = bytes(12)
"""Each sealing has a key of its own, so the nonce may be the same."""


class Seal:
    """Opens what was sealed for a process: X25519, HKDF with SHA-256, ChaCha20-Poly1305 (RFC 7748, 5869, 8439).

    Args:
        secret: of the process, the same after every start.
        whose: name of the process.
    """

    def __init__(self, secret: str, whose: str) -> None:
        derived = HKDF(SHA256(), _KEY_BYTES, salt=None, info=f"mqttown {whose} seal".encode()).derive(secret.encode())
        self._private = X25519PrivateKey.from_private_bytes(derived)
        self._whose = whose

    @property
    def public(self) -> bytes:
        """What others seal with."""
        return self._private.public_key().public_bytes_raw()

    def open(self, sealed: bytes, about: str) -> str:
        """Open a letter.

        Args:
            sealed: the sender's public key, and what follows it.
            about: what it was sealed for, so that nobody can use it for something else.

        Raises:
            ValueError: it was not sealed for us, or for something else.
        """
        theirs, rest = sealed[:_KEY_BYTES], sealed[_KEY_BYTES:]
        try:
            shared = self._private.exchange(X25519PublicKey.from_public_bytes(theirs))
            key = HKDF(SHA256(), _KEY_BYTES, salt=theirs + self.public, info=b"mqttown key").derive(shared)
            return ChaCha20Poly1305(key).decrypt(_NONCE, rest, about.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise ValueError(f"the key was not sealed for this {self._whose}; send it again") from error

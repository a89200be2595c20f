"""The two JWTs of NATS's auth callout: reading the server's question, signing our answer.

Formats: nats-io/jwt v2, `authorization_claims.go` and `user_claims.go`; algorithm `ed25519-nkey`.
"""

import base64
import json
import os
from collections.abc import Mapping
from typing import Any, Final

import nkeys

__all__ = ["Signer", "new_seed", "public_key_of", "read_claims"]

_HEADER: Final = base64.urlsafe_b64encode(b'{"typ":"JWT","alg":"ed25519-nkey"}').rstrip(b"=")


def new_seed(prefix: int) -> str:
    """A fresh nkey seed; `prefix` is one of nkeys.PREFIX_BYTE_*."""
    return str(nkeys.encode_seed(os.urandom(32), prefix).decode("ascii"))


def public_key_of(seed: str) -> str:
    """The public nkey that belongs to a seed."""
    return str(nkeys.from_seed(bytearray(seed, "ascii")).public_key.decode("ascii"))


def read_claims(token: bytes) -> dict[str, Any]:
    """The claims of a JWT.

    The signature is not checked: only the server and our own gate can speak in the callout's account.

    Raises:
        ValueError: it is no JWT.
    """
    parts = token.split(b".")
    if len(parts) != 3:
        raise ValueError("a JWT has three parts")
    claims = json.loads(base64.urlsafe_b64decode(parts[1] + b"=" * (-len(parts[1]) % 4)))
    if not isinstance(claims, dict):
        raise ValueError("the claims of a JWT are an object")  # noqa: TRY004  it is bad input, not a bad call
    return claims


class Signer:
    """Signs claims with one nkey."""

    def __init__(self, seed: str) -> None:
        self._keys = nkeys.from_seed(bytearray(seed, "ascii"))
        self.issuer = public_key_of(seed)

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A JWT of these claims, issued by this key."""
        body = base64.urlsafe_b64encode(json.dumps({"iss": self.issuer, **claims}, separators=(",", ":")).encode()).rstrip(b"=")
        signed = _HEADER + b"." + body
        signature = base64.urlsafe_b64encode(self._keys.sign(signed)).rstrip(b"=")
        return (signed + b"." + signature).decode("ascii")

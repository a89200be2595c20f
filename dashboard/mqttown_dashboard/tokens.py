"""Access tokens: short-lived JSON Web Tokens (RFC 7519), signed with keys that stay in the data directory."""

import json
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from mqttown.private import write_private

__all__ = ["ACCESS_SECONDS", "Claims", "TokenError", "Tokens"]

ACCESS_SECONDS: Final = 15 * 60
KEY_SECONDS: Final = 30 * 24 * 3600
"""A signing key signs so long; the one before it goes on checking, so a change of keys ends no session."""
KEYS_KEPT: Final = 2
ALGORITHM: Final = "HS256"
FILE: Final = "portal-keys.json"


class TokenError(ValueError):
    """A token that is not, or no longer, good; the message is for the one who sent it."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says.

    Attributes:
        account: whose.
        session: of which sign-in.
    """

    account: str
    session: str


class Tokens:
    """Signs and reads access tokens.

    One process signs and checks, so one secret is enough: HMAC with SHA-256, and nothing to publish.

    Args:
        issuer: told in every token; a token of another town is refused.
        keys: newest first, each `{"kid", "secret", "made"}`; `made` is in seconds since 1970.
    """

    def __init__(self, issuer: str, keys: list[dict[str, Any]]) -> None:
        self._issuer = issuer
        self._keys = keys

    @classmethod
    def open(cls, issuer: str, folder: Path | None, now: float | None = None) -> Self:
        """Read the keys, and make a new one where the newest is older than 30 days.

        Args:
            issuer: see the class.
            folder: where the keys are kept; without one they last as long as this process.
            now: seconds since 1970.

        Raises:
            OSError: the file can't be read or written.
            ValueError: it is damaged.
        """
        now = time.time() if now is None else now
        file = folder / FILE if folder is not None else None
        keys: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8")) if file is not None and file.exists() else []
        if not keys or now - keys[0]["made"] > KEY_SECONDS:
            made = {"kid": secrets.token_hex(4), "secret": secrets.token_hex(32), "made": now}
            keys = [made, *keys][:KEYS_KEPT]
            if file is not None:
                write_private(file, json.dumps(keys))
        return cls(issuer, keys)

    def sign(self, claims: Claims) -> str:
        """An access token that is good for 15 minutes."""
        import jwt  # noqa: PLC0415  12 MB that a town without accounts does not need

        key = self._keys[0]
        now = int(time.time())
        payload = {"iss": self._issuer, "sub": claims.account, "sid": claims.session, "iat": now, "exp": now + ACCESS_SECONDS}
        return jwt.encode(payload, bytes.fromhex(key["secret"]), ALGORITHM, headers={"kid": key["kid"]})

    def read(self, token: str) -> Claims:
        """Check an access token.

        Raises:
            TokenError: it is not ours, damaged, or over.
        """
        import jwt  # noqa: PLC0415

        try:
            kid = jwt.get_unverified_header(token).get("kid")
            secret = next((key["secret"] for key in self._keys if key["kid"] == kid), None)
            if secret is None:
                raise TokenError("this access token is signed with no key of this town")
            found = jwt.decode(
                token,
                bytes.fromhex(secret),
                [ALGORITHM],
                issuer=self._issuer,
                options={"require": ["iss", "sub", "sid", "iat", "exp"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenError("this access token is over; get a new one with the refresh token") from error
        except jwt.InvalidTokenError as error:
            raise TokenError("this access token is not valid") from error
        return Claims(str(found["sub"]), str(found["sid"]))

"""How often an address, or an account, may ask."""

import math
import time
from typing import Final

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter

from mqttown_dashboard.problems import ProblemError

__all__ = ["Throttle", "too_many"]

FAILURES_OF_ACCOUNT: Final = RateLimitItemPerMinute(10, 15)
LETTERS_OF_ACCOUNT: Final = RateLimitItemPerHour(3)
TURNED_BACK: Final = 1.0
"""Seconds by which the wall clock must jump back for all counts to begin anew."""


class Throttle:
    """Counts in this process alone: there is one dashboard.

    Args:
        requests_per_minute: of one address.
        sign_ins_per_minute: attempts of one address, good or not.
        sign_ups_per_hour: of one address.
    """

    def __init__(self, requests_per_minute: int, sign_ins_per_minute: int, sign_ups_per_hour: int) -> None:
        self._storage = storage = MemoryStorage()
        self._newest = 0.0
        self._all = RateLimitItemPerMinute(requests_per_minute)
        self._sign_ins = RateLimitItemPerMinute(sign_ins_per_minute)
        self._sign_ups = RateLimitItemPerHour(sign_ups_per_hour)
        self._rough = FixedWindowRateLimiter(storage)
        self._exact = MovingWindowRateLimiter(storage)

    def request(self, address: str) -> float | None:
        """Count a request; seconds to wait if it is one too many. Each begins here, so the clock is looked at here."""
        now = time.time()
        if now < self._newest - TURNED_BACK:  # what was counted after the time that it is now would stay until then
            self._storage.reset()
            self._newest = now
        self._newest = max(self._newest, now)
        if self._rough.hit(self._all, "request", address):
            return None
        return self._wait(self._rough, self._all, "request", address)

    def sign_in(self, address: str, account: str) -> None:
        """Count an attempt to sign in.

        The same for accounts that are and that are not, so that it tells nothing.

        Raises:
            ProblemError: 429, too many from this address, or too many failures with this account.
        """
        self._demand(self._sign_ins, "sign_in", address)
        if not self._exact.test(FAILURES_OF_ACCOUNT, "failure", account):
            raise self._refusal(FAILURES_OF_ACCOUNT, "failure", account)

    def failed(self, account: str) -> None:
        """A password did not fit."""
        self._exact.hit(FAILURES_OF_ACCOUNT, "failure", account)

    def sign_up(self, address: str) -> None:
        """Count a new account.

        Raises:
            ProblemError: 429, too many from this address.
        """
        self._demand(self._sign_ups, "sign_up", address)

    def letter(self, address: str, account: str) -> None:
        """Count a request for a letter, or a try with its token; the same for accounts that are and that are not.

        Raises:
            ProblemError: 429, too many from this address, or for this account.
        """
        self._demand(self._sign_ins, "letter", address)
        if account:
            self._demand(LETTERS_OF_ACCOUNT, "letter_to", account)

    def _demand(self, item: RateLimitItem, *who: str) -> None:
        if not self._exact.hit(item, *who):
            raise self._refusal(item, *who)

    def _refusal(self, item: RateLimitItem, *who: str) -> ProblemError:
        seconds = self._wait(self._exact, item, *who)
        return too_many(seconds, f"{item.amount} in {item.get_expiry() // 60} minutes")

    @staticmethod
    def _wait(limiter: FixedWindowRateLimiter | MovingWindowRateLimiter, item: RateLimitItem, *who: str) -> float:
        return max(1.0, limiter.get_window_stats(item, *who).reset_time - time.time())


def too_many(seconds: float, limit: str) -> ProblemError:
    """A 429 that says when to try again."""
    wait = math.ceil(seconds)
    return ProblemError(
        429, "rate_limited", f"Too many requests; try again in {wait} s.", allowed=limit, headers={"Retry-After": str(wait)}
    )

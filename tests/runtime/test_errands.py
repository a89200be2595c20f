"""Owners' keys: sealed by the portal, opened by the gateway alone, tested, shown by four letters, removed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from cryptography.fernet import Fernet
from stub_model import Fault, StubModel

from mqttown_dashboard.model_keys import ModelKeys, seal
from mqttown_dashboard.rights import Rights
from mqttown_runtime.gateway.budget import Budgets
from mqttown_runtime.gateway.errands import Errands, announce
from mqttown_runtime.gateway.gateway import Gateway
from mqttown_runtime.gateway.keys import Keys
from mqttown_runtime.gateway.ledger import Ledger
from mqttown_runtime.gateway.registry import read_registry
from mqttown_runtime.seal import Seal

MODELS = """
version: 3
providers: {{here: {{base_url: "{url}"}}}}
models: {{m: {{provider: here, name: m, context: 4096, price_in: 1000000, price_out: 2000000}}}}
tiers: {{full: [m], small: [m], tiny: [m]}}
"""
KEY = "sk-a-key-of-anna-4711"


@asynccontextmanager
async def serving(url: str, stub: StubModel, folder: Path, secret: str) -> AsyncIterator[tuple[ModelKeys, asyncpg.Pool]]:
    """The gateway's side at work, and the portal's to ask it."""
    models = folder / "models.yaml"
    models.write_text(MODELS.format(url=stub.url), encoding="utf-8")
    registry, budgets = read_registry(models), Budgets()
    async with asyncpg.create_pool(url, min_size=1, max_size=4) as pool:
        ledger = Ledger(pool)
        await ledger.open(budgets)
        keys = Keys(pool, [secret])

        async def nothing(_told: Any) -> None:
            return None

        gateway = Gateway(registry, ledger, budgets, keys.plain, nothing)
        await announce(pool, registry)
        errands = Errands(pool, keys, Seal(secret, "gateway"), gateway, set(registry.providers))
        await errands.open()
        running = asyncio.create_task(errands.run())
        try:
            yield ModelKeys(pool, Rights(url, role=False)), pool
        finally:
            running.cancel()
            await asyncio.wait({running})
            await gateway.close()


@pytest.fixture
def secret() -> str:
    return Fernet.generate_key().decode()


async def test_a_key_is_kept_tested_and_removed_and_stands_nowhere_in_the_database(
    postgres_url: str, tmp_path: Path, secret: str
) -> None:
    async with StubModel().serving() as stub, serving(postgres_url, stub, tmp_path, secret) as (portal, pool):
        told = await portal.registry()
        assert told is not None
        assert (told["version"], told["providers"], told["models"]["m"]["price_out"]) == (3, ["here"], 2_000_000)
        assert await portal.keep("anna", "here", KEY) is None
        assert [(key.provider, key.last_four) for key in await portal.owned("anna")] == [("here", "4711")]
        assert await portal.owned("bert") == []
        assert await portal.test("anna", "here") is None
        assert stub.keys == [KEY]
        stub.faults.append(Fault(status=401))
        assert "will not have this key" in str(await portal.test("anna", "here"))
        for table in ("keys", "key_errands"):
            assert KEY not in "".join(str(tuple(row.values())) for row in await pool.fetch(f"SELECT * FROM runtime.{table}"))
        assert await portal.remove("anna", "here") is None
        assert "no key" in str(await portal.test("anna", "here"))
        assert "no provider" in str(await portal.keep("anna", "elsewhere", KEY))
        assert "no key" in str(await portal.keep("anna", "here", "has spaces in it")), "and its words are no words of the key"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda sealed: sealed[:-1],
        lambda sealed: sealed[:40] + bytes([sealed[40] ^ 1]) + sealed[41:],
        lambda _: b"",
        lambda _: bytes(99),
    ],
    ids=["short", "changed", "empty", "zeros"],
)
def test_what_was_not_sealed_for_us_is_refused(secret: str, spoil: Callable[[bytes], bytes]) -> None:
    mine = Seal(secret, "gateway")
    sealed = seal(KEY, mine.public, "anna here")
    assert mine.open(sealed, "anna here") == KEY
    for about, what in (("anna here", spoil(sealed)), ("bert here", sealed)):
        with pytest.raises(ValueError, match="sealed"):
            mine.open(what, about)
    with pytest.raises(ValueError, match="sealed"):
        Seal(Fernet.generate_key().decode(), "gateway").open(sealed, "anna here")

"""Attacks on the door: wrong, old, foreign, guessed and stolen keys."""

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mqttown_contract import topics

pytestmark = pytest.mark.town
T = "helsinki"
VICTIM = "olga"
REFUSAL = 5
Make = Callable[..., Awaitable[Any]]


async def test_a_wrong_key(knock: Make) -> None:
    """Log in as a registered agent with a wrong key, an empty key, and without one.

    Refused with code 5 each time.
    """
    for key in ("wrong", "x" * 43, "0" * 1000, ""):
        assert await (await knock()).connect(VICTIM, key) in {4, REFUSAL}


async def test_a_key_of_another_agent(rogue: Make, knock: Make) -> None:
    """Log in as the victim, or under a tag of the victim, with one's own good key.

    Refused with code 5.
    """
    attacker = await rogue()
    for name in (VICTIM, f"{VICTIM}~pub", f"{VICTIM}~rest", f"{VICTIM}~{attacker.name}"):
        assert await (await knock()).connect(name, attacker.key) == REFUSAL


async def test_a_user_name_that_looks_like_another(rogue: Make, knock: Make) -> None:
    """Log in under spellings that somebody might cut, fold or trim to a registered name, with a good key of one's own.

    Refused, or the connection is closed.
    """
    attacker = await rogue()
    spelled = [f"{VICTIM}~", f"{VICTIM}~~", VICTIM.upper(), f"{VICTIM} ", f" {VICTIM}", f"{VICTIM}/", f"{VICTIM}\u200b"]
    for name in (*spelled, f"{attacker.name}~../{VICTIM}", f"{attacker.name}~a~{VICTIM}", "\u043elga", "+", "#"):
        assert await (await knock()).connect(name, attacker.key) in {None, 2, 4, REFUSAL}, name


async def test_a_service_by_an_agents_key(rogue: Make, knock: Make) -> None:
    """Log in as the orchestrator, the command line or a host, with an agent's key and with guesses.

    Refused with code 5.
    """
    attacker = await rogue()
    for name in ("orchestrator", "cli", "dashboard", "memory", "host-1", "host-9", "gateway"):
        assert await (await knock()).connect(name, attacker.key) == REFUSAL


async def test_a_revoked_key(town: Any, rogue: Make, knock: Make) -> None:
    """Stay connected after revocation, and come back with the revoked key.

    The live connection is ended within 2 s and the key is refused from then on.
    """
    attacker = await rogue()
    began = time.monotonic()
    assert (await asyncio.to_thread(town.operator.delete, f"/me/agents/{attacker.name}")).status_code == 204
    await asyncio.wait_for(attacker.client.closed.wait(), 2)
    assert time.monotonic() - began < 5
    assert await (await knock()).connect(attacker.name, attacker.key) == REFUSAL


async def test_a_key_past_its_end(rogue: Make, knock: Make, journal: Any) -> None:
    """Use a key after its end.

    The live connection is ended, and the key refused.
    """
    attacker = await rogue()
    over = "UPDATE town.credentials SET expires = now() - interval '1 second' WHERE agent = $1"
    await journal.connection.execute(over, attacker.name)
    await asyncio.wait_for(attacker.client.closed.wait(), 5)
    assert await (await knock()).connect(attacker.name, attacker.key) == REFUSAL


async def test_a_key_for_listening_speaks(town: Any, rogue: Make, knock: Make, witness: Any) -> None:
    """Act with a stolen key that was made for listening alone.

    It connects and hears, and its action is dropped by the broker.
    """
    attacker = await rogue()
    made = await asyncio.to_thread(town.cli, "agent", "key", attacker.name, "--tag", "ear", "--scope", "listen", "--json")
    assert made.returncode == 0, made.stderr
    key = json.loads(made.stdout)["password"]
    ear = await knock()
    assert await ear.connect(f"{attacker.name}~ear", key) == 0
    assert await ear.subscribe(topics.agent_in(T, attacker.district, attacker.name, "+")) == 0
    await ear.publish(attacker.out("action"), b'{"id": "stolen", "action": "wait", "parameters": {}}', 1)
    await attacker.send("status", b"end")
    while (message := await witness.message())[1] != b"end":
        assert b"stolen" not in message[1]


async def test_guess_a_key(knock: Make) -> None:
    """Guess the victim's key 300 times in a row, from one address, ten connections at a time.

    All 300 are refused; the victim comes and goes as before.
    """

    async def guesses(worker: int) -> list[int | None]:
        return [await (await knock("127.0.0.7")).connect(VICTIM, f"guess-{worker}-{number}") for number in range(30)]

    answers = [code for codes in await asyncio.gather(*(guesses(worker) for worker in range(10))) for code in codes]
    assert len(answers) == 300
    assert set(answers) == {REFUSAL}


async def test_a_stolen_hash(knock: Make, journal: Any) -> None:
    """Log in with what a thief of the database would have: the hash of the key, in every spelling.

    Refused: the key can't be made from it.
    """
    (row,) = await journal.rows("SELECT key_hash FROM town.credentials WHERE agent = $1 AND tag = ''", VICTIM)
    stolen = row["key_hash"]
    for key in (stolen, stolen.removeprefix("sha256:"), hashlib.sha256(stolen.encode()).hexdigest()):
        assert await (await knock()).connect(VICTIM, key) == REFUSAL


async def test_find_keys_in_the_logs(town: Any, rogue: Make, knock: Make, journal: Any) -> None:
    """Read the logs and the journal for secrets after good and bad log-ins: keys, tokens, the database's password.

    None is there.
    """
    attacker = await rogue()
    guess = "a-guess-that-is-logged-nowhere"
    assert await (await knock()).connect(VICTIM, guess) == REFUSAL
    secrets = [attacker.key, guess, *town.secrets["services"].values(), *town.secrets["tokens"].values()]
    secrets.append(town.running["database"].partition("@")[0].rpartition(":")[2])
    logs = town.logs()
    assert "refused" in logs
    assert [secret for secret in secrets if secret in logs] == []
    commands = " ".join(str(row["parameters"]) for row in await journal.rows("SELECT parameters FROM town.commands"))
    assert attacker.name in commands
    assert [secret for secret in secrets if secret in commands] == []


async def test_read_the_secrets_of_the_town(town: Any) -> None:
    """Read, as another user of the machine, the files that hold keys.

    Their modes let nobody but the owner read them.
    """
    for name in ("secrets.json", "running.json", "portal-keys.json"):
        assert (town.data / name).stat().st_mode & 0o077 == 0, name


async def test_subscribe_without_a_connect(knock: Make) -> None:
    """Subscribe and publish before saying who one is.

    The broker closes the connection.
    """
    client = await knock()
    client.listen()
    client.send(0x82, b"\x00\x01\x00\x01#\x00")
    await asyncio.wait_for(client.closed.wait(), 10)

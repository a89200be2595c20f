"""What the journal of a stopped town says of the agents of a history."""

import asyncpg
import orjson

from mqttown_cli.bench.history import Decided, Facts, Gift, Operation
from mqttown_orchestrator.journal import Journal
from mqttown_orchestrator.replay import newest_state, verify
from mqttown_orchestrator.world.digest import digest

__all__ = ["read_facts"]


async def read_facts(url: str, history: list[Operation]) -> tuple[Facts, list[str]]:
    """Read them, and replay the whole journal.

    Args:
        url: of the database.
        history: of the agents; their purses at its start and end are in it.

    Returns:
        the facts, and what is wrong with the journal itself or with the purses that agents saw last.
    """
    names = sorted({line.process for line in history})
    verified = await verify(url)
    wrong = [] if verified.ok else [f"the journal can't be replayed: tick {verified.first_bad_tick}: {verified.detail}"]
    database = await asyncpg.connect(url)
    try:
        state = await newest_state(Journal(database))  # its last stop may have been no clean one: then ticks follow the snapshot
        actions = await database.fetch(
            "SELECT tick, agent, action_id, status, code, events FROM town.actions WHERE agent = ANY($1) ORDER BY tick, n", names
        )
        gifts = await database.fetch(
            "SELECT agent, action_id, data FROM town.events WHERE kind = 'gave' AND agent = ANY($1) ORDER BY tick, n", names
        )
        others = await database.fetch("SELECT tick, payer, payee, cents FROM public.money WHERE why <> 'gift'")
        generations = await database.fetch("SELECT tick, generation FROM town.ticks")
    finally:
        await database.close()
    start = {line.process: line for line in history if line.f == "start"}
    before = {agent: line.value["purse"] for agent, line in start.items()}
    for row in others:  # the nightly levy, which nobody sends an action for
        for account, sign in ((row["payer"], -1), (row["payee"], 1)):
            kind, _, agent = account.partition(":")
            if kind == "purse" and agent in before and row["tick"] > start[agent].value["tick"]:
                before[agent] += sign * row["cents"]
    after = {agent: state.account(f"purse:{agent}") for agent in before}
    seen = {line.process: line.value["purse"] for line in history if line.f == "purse"}
    wrong += [
        f"{agent} saw {seen.get(agent)} cents at the end, and has {cents}"
        for agent, cents in after.items()
        if seen.get(agent) != cents
    ]
    told = [orjson.loads(row["data"]) for row in gifts]
    facts = Facts(
        actions=[
            Decided(row["tick"], row["agent"], row["action_id"], row["status"], row["code"], tuple(row["events"]))
            for row in actions
        ],
        gifts=[Gift(row["agent"], row["action_id"], data["to"], data["amount"]) for row, data in zip(gifts, told, strict=True)],
        before=before,
        after=after,
        total=sum(state.accounts.values()),
        hashes={"kept": digest(state), "replayed": verified.hash},
        generations={row["tick"]: row["generation"] for row in generations},
    )
    return facts, wrong

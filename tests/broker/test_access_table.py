"""The table of topics in docs/contract/access.md, every cell of it, over real connections to every broker that holds grants."""

from pathlib import Path
from typing import Any

import pytest

from mqttown_contract import topics

T, D = "helsinki", "kluuvi"
PLACES = {"{town}": T, "{district}": D, "{agent}": "mira", "{building}": "cafe"}
PEOPLE = {"spectator": "", "agent": "mira", "other": "otto"}
PAGE = Path(__file__).parents[2] / "docs" / "contract" / "access.md"
CLOCK = topics.world(T, "clock")
END = topics.agent_out(T, D, "otto", "hello")
Table = dict[str, dict[str, str]]
"""By role, then by topic: `p` it may publish, `s` it is told."""


def table() -> Table:
    head, _, *rows = [line for line in PAGE.read_text(encoding="utf-8").partition("## Topics")[2].splitlines() if "|" in line]
    roles = [cell.strip() for cell in head.split("|")[2:-1]]
    found: Table = {role: {} for role in roles}
    for row in rows:
        name, *cells = [cell.strip() for cell in row.split("|")[1:-1]]
        topic = name.strip("`")
        for place, real in PLACES.items():
            topic = topic.replace(place, real)
        for role, cell in zip(roles, cells, strict=True):
            found[role][topic] = cell
    return found


def test_the_table_is_of_all_topics_and_everybody() -> None:
    found = table()
    assert {*PEOPLE, "orchestrator", "memory", "gateway", "dashboard", "cli", "host-1"} == set(found)
    assert {len(cells) for cells in found.values()} == {len(found["agent"])}
    assert topics.agent_in(T, D, "mira", "verdict") in found["agent"]
    assert len(found["agent"]) > 30


@pytest.mark.needs("hostile")
async def test_who_publishes_is_heard_where_the_table_says_so_and_nowhere_else(stage: Any) -> None:
    town, dashboard, otto = [await stage.login(name) for name in ("orchestrator", "dashboard", "otto")]
    for witness in (town, dashboard):
        assert await witness.subscribe(topics.everything(T)) == 0
    for role, cells in table().items():
        name = PEOPLE.get(role, role)
        speaker = {"orchestrator": town, "dashboard": dashboard, "otto": otto}.get(name) or await stage.login(name)
        witness = dashboard if role == "orchestrator" else town
        for topic in cells:
            await speaker.publish(topic, role.encode(), qos=1)
        await otto.publish(END, f"after {role}".encode(), qos=1)
        heard = await witness.until(f"after {role}".encode())
        assert sorted(heard) == sorted(topic for topic, cell in cells.items() if "p" in cell), role
        await (town if witness is dashboard else dashboard).until(f"after {role}".encode())


@pytest.mark.needs("hostile")
async def test_who_subscribes_is_told_what_the_table_says_and_nothing_else(stage: Any) -> None:
    town = await stage.login("orchestrator")
    for role, cells in table().items():
        ear = town if role == "orchestrator" else await stage.login(PEOPLE.get(role, role))
        for topic, cell in cells.items():
            code = await ear.subscribe(topic)
            assert code == 0 or ("s" not in cell and code == 0x80), (role, topic)
        for topic in cells:
            await town.publish(topic, role.encode())
        await town.publish(CLOCK, f"after {role}".encode())
        heard = await ear.until(f"after {role}".encode())
        assert sorted(heard) == sorted(topic for topic, cell in cells.items() if "s" in cell), role

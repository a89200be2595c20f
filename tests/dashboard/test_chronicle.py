"""The journal told again: what was on a shelf after sales and deliveries."""

from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest

from mqttown_dashboard.chronicle import Chronicle
from mqttown_dashboard.history import History
from mqttown_dashboard.town import Town

SCHEMA = Path(__file__).parents[2] / "orchestrator/mqttown_orchestrator/schema.sql"
DAY: list[tuple[int, str, dict[str, Any]]] = [
    (5, "bought", {"item": "coffee", "quantity": 3, "price": 960}),
    (9, "bought", {"item": "pulla", "quantity": 1, "price": 350}),
    (1080, "restocked", {"building": "cafe-satama", "stock": {"coffee": 80, "pulla": 40, "salmon-soup": 20}}),
    (1090, "bought", {"item": "coffee", "quantity": 2, "price": 640}),
]


@pytest.mark.parametrize(("tick", "coffee", "pulla"), [(0, 80, 40), (5, 77, 40), (9, 77, 39), (1080, 80, 40), (2000, 78, 40)])
async def test_a_shelf_holds_the_last_delivery_less_what_was_bought_since(
    postgres_url: str, tiny_town: Any, tick: int, coffee: int, pulla: int
) -> None:
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(SCHEMA.read_text(encoding="utf-8"))
    for n, (at, kind, data) in enumerate(DAY):
        await connection.execute(
            "INSERT INTO town.events VALUES ($1, $2, $3, $4, 'ranta', 'cafe-satama', 'aino', NULL, NULL, '{}', '{}', $5)",
            *(at, n, f"e-{at}-{n}", kind, orjson.dumps(data).decode()),
        )
    await connection.close()
    async with History.open(postgres_url, {}) as history:
        chapter = await Chronicle(history, Town.of(tiny_town)).stretch(tick, tick + 1, 3000)
    assert chapter.stock["cafe-satama"] == {"coffee": coffee, "pulla": pulla, "salmon-soup": 20}

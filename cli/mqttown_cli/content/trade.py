"""What a building does by its kind and its name: hours, goods, prices."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from mqttown_cli.content.hours import days, minute
from mqttown_cli.content.load import Content
from mqttown_cli.content.models import KindRule, Sale

__all__ = ["place_json", "price_of", "trade_of"]

_ROUND = 10
"""Prices by factor are rounded to so many cents."""


def trade_of(content: Content, building: Mapping[str, Any]) -> KindRule | None:
    """Find the rule for a building, with what `places.yaml` says of it; None where its kind has no rule.

    The first rule with a word of the building's name wins. Among rules without words the building's id decides, so that
    neighbours differ, and a map with one building more changes no other.
    """
    rules = content.kinds.kinds.get(building["kind"], []) if content.kinds is not None else []
    if not rules:
        return None
    name = str(building["name"]).lower()
    fitting = [rule for rule in rules if any(word in name for word in rule.words)][:1]
    plain = fitting or [rule for rule in rules if not rule.words]
    if not plain:
        return None
    draw = int.from_bytes(blake2b(str(building["id"]).encode(), digest_size=4).digest(), "big")
    rule = plain[draw % len(plain)]
    named = [place for place in (content.places.places if content.places is not None else []) if place.building == building["id"]]
    if not named:
        return rule
    changes = {key: value for key, value in named[0] if key in named[0].model_fields_set and key != "building"}
    return rule.model_copy(update=changes)


def price_of(sale: Sale, item_price: int, prices: int) -> int:
    """Return the price in cents: the place's own, else the item's times `prices` permille, rounded to 10 cents, at least 10."""
    if sale.price is not None:
        return sale.price
    if prices == 1000:
        return item_price
    return max(_ROUND, (item_price * prices + 1000 * _ROUND // 2) // (1000 * _ROUND) * _ROUND)


def place_json(rule: KindRule, item_prices: Mapping[str, int]) -> dict[str, Any]:
    """Compile a rule to an entry of `places`."""
    sells = [
        {
            "item": sale.item,
            "price": price_of(sale, item_prices[sale.item], rule.prices),
            "stock": sale.stock,
            "daily_stock": sale.stock,
        }
        for sale in rule.sells
    ]
    return {
        "opens": minute(rule.opens),
        "closes": minute(rule.closes),
        "days": days(rule.days),
        "sells": sells,
        "claim_price": rule.claim_price,
        "till": rule.till,
    }

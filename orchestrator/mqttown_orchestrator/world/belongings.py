"""What somebody carries."""

from mqttown_orchestrator.world.state import Body

__all__ = ["put", "take"]


def put(body: Body, item: str, quantity: int = 1) -> None:
    """Put pieces of an item into the inventory."""
    body.inventory[item] = body.inventory.get(item, 0) + quantity


def take(body: Body, item: str) -> None:
    """Take one piece of a carried item out of the inventory."""
    body.inventory[item] -= 1
    if body.inventory[item] == 0:
        del body.inventory[item]

"""The smallest agent: walks into the next open café and greets whoever is there. First: `mqttown agent new mira`."""

from mqttown import Agent, Me, Observation

agent = Agent("mira")


@agent.on_observation
async def live(me: Me, seen: Observation) -> None:
    """Greet in a café; until then look for one."""
    if seen.location.here and seen.location.here.kind == "cafe":
        await me.do("say", text="Good day, everybody!")
        await me.do("wait", ticks=60)
    elif seen.own.doing == "idle":
        cafes = [near.id for near in seen.location.nearby if near.kind == "cafe" and near.open]
        await (me.do("move_to", to=cafes[0]) if cafes else me.do("wait", ticks=10))


agent.run()

"""A gossip that remembers: asked about something, it tells what it recalls, and from whom. First: `mqttown agent new crier`."""

from mqttown import Agent, HeardMessage, Me, Observation

agent = Agent("crier")
PLACES = ("cafe", "park", "bar")


@agent.on_message
async def answer(me: Me, message: HeardMessage) -> None:
    """Answer a question from memory, naming the events that are passed on, so that the source can be traced."""
    if not message.text.rstrip().endswith("?"):
        return
    memories = await me.recall(message.text, k=3, kinds=["message"], tick=message.tick)  # all that was heard until then
    known = next((memory for memory in memories if message.text not in memory.text), None)
    if known is None:
        await me.do("say", text="I have heard nothing of that.", to=[message.from_])
        return
    about = [event for event in known.evidence if event.startswith("e-")]
    await me.do("say", text=f"I remember this: {known.text}", to=[message.from_], about=about)


@agent.on_observation
async def stroll(me: Me, seen: Observation) -> None:
    """Stay where people are; else go where they may be."""
    if seen.own.doing != "idle" or seen.visible_agents:
        return
    here = seen.location.building
    places = [near.id for near in seen.location.nearby if near.kind in PLACES and near.open is not False and near.id != here]
    await (me.do("move_to", to=places[0]) if places else me.do("wait", ticks=10))


agent.run()

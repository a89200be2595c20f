"""What a model is shown of an observation: plain values for the prompts, as much as the resident's profile takes in."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mqttown_agents.model.plan import Plan
from mqttown_agents.model.profile import Profile
from mqttown_agents.model.relations import Relations
from mqttown_agents.persona import Persona
from mqttown_agents.schedule import clock_text
from mqttown_agents.situation import Situation

__all__ = ["heard", "job_of", "people", "places", "scene", "witnessed"]

_MOST_HEARD: Final = 6
_MOST_SEEN: Final = 6
_NEXT: Final = 2
_LONGEST: Final = 300
"""Characters of one person's words that are shown."""


def scene(now: Situation, persona: Persona, profile: Profile, relations: Relations, plan: Plan | None) -> dict[str, Any]:
    """The values of the prompt `act`, without memories, words and events, which may come from earlier observations too."""
    step = plan.now(now.minute) if plan is not None else None
    return {
        "name": persona.name,
        "time": clock_text(now.minute),
        "weather": now.weather,
        "doing": now.doing,
        "here": now.place_name,
        "district": now.observation["observation"]["location"]["district"],
        "needs": [(name, round(level, 1)) for name, level in now.needs.items()],
        "purse": now.purse,
        "inventory": list(now.inventory)[: profile.sights],
        "job": job_of(now),
        "home": now.home,
        "plan_now": step.what if step is not None else "",
        "plan_later": _steps(plan, now.minute) if plan is not None else [],
        "people": people(now, profile, relations),
        "places": places(now, profile),
        "sells": list(now.here["sells"])[: profile.sights] if now.here is not None else [],
    }


def places(now: Situation, profile: Profile) -> list[dict[str, Any]]:
    """Places to go to, those that one is interested in first, then the nearest."""

    def order(place: Mapping[str, Any]) -> tuple[int, int]:
        wanted = profile.interests.index(place["kind"]) if place["kind"] in profile.interests else len(profile.interests)
        return wanted, place["metres"]

    elsewhere = [place for place in now.nearby if place["id"] != now.building]
    return [
        {"id": place["id"], "kind": place["kind"], "name": place["name"], "metres": place["metres"], "open": place.get("open")}
        for place in sorted(elsewhere, key=order)[: profile.sights]
    ]


def people(now: Situation, profile: Profile, relations: Relations) -> list[dict[str, Any]]:
    """Those in earshot, nearest first."""
    return [
        {
            "id": other["id"],
            "name": other["name"],
            "doing": other["doing"],
            "kind": relations.kind(other["id"]),
            "warmth": relations.warmth(other["id"]),
        }
        for other in now.company[: profile.sights]
    ]


def heard(me: str, messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The newest words that reached one."""
    return [
        {"who": message["from"], "to_me": me in (message.get("to") or ()), "text": message["text"][:_LONGEST]}
        for message in messages[-_MOST_HEARD:]
    ]


def witnessed(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """The newest of those events that say something about people, each as a sentence."""
    return [words for event in events if (words := _told(event))][-_MOST_SEEN:]


def job_of(now: Situation) -> dict[str, str] | None:
    """Job, place and hours."""
    if now.job is None:
        return None
    shift = now.job["shift"]
    return {"title": now.job["title"], "building": now.job["building"], "hours": f"{shift['from']} to {shift['to']}"}


def _steps(plan: Plan, minute: int) -> list[dict[str, str]]:
    return [{"time": clock_text(step.at), "what": step.what} for step in plan.later(minute)[:_NEXT]]


def _told(event: Mapping[str, Any]) -> str:
    who, data = event.get("agent"), event["data"]
    if event["kind"] == "gave":
        thing = data["item"] if data.get("item") else f"{data.get('amount')} cents"
        return f"{who} gave {thing} to {data['to']}"
    if event["kind"] == "bought":
        return f"{who} bought {data['quantity']} {data['item']}"
    if event["kind"] == "claimed":
        return f"{who} became the owner of {data['building']}"
    if event["kind"] == "arrived" and data.get("building"):
        return f"{who} came to {data['building']}"
    return ""

"""What no single file can tell: ids that must exist, times that must fit, relations that must be mutual."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from mqttown_cli.content.hours import DAY, days, minute, span
from mqttown_cli.content.load import MAP_FILE, Content
from mqttown_cli.content.models import TRADING_KINDS, Job, Person, Sale
from mqttown_cli.content.problem import Problem, nearest
from mqttown_cli.content.prose import check_prose, check_template
from mqttown_cli.content.source import Source, Steps
from mqttown_cli.content.trade import trade_of

__all__ = ["STORY_VARIABLES", "check", "checked"]

COUNTERPART: Final[Mapping[str, str]] = {
    "parent": "child", "child": "parent", "grandparent": "grandchild", "grandchild": "grandparent", "landlord": "tenant",
    "tenant": "landlord", "teacher": "pupil", "pupil": "teacher",
}  # fmt: skip
"""Relations that read differently from the other side; all else is its own counterpart."""
STORY_VARIABLES: Final = ("first", "age", "title", "district", "home")
_MUST_TRADE: Final = ("bar", "cafe", "restaurant", "shop")
_ON_THE_WAY: Final = 20
"""Minutes from waking to a shift, and from a shift to bed, at the least."""
_OUT_OF_HOURS: Final = 120
"""Minutes that staff may be there before a place opens and after it closes."""


def checked(content: Content) -> Content:
    """Run all checks over loaded content; mistakes are appended to its `problems`."""
    buildings = {} if content.map is None else {str(one["id"]): one for one in content.map["buildings"]}
    _unique(content)
    _check_items(content)
    _check_weather(content)
    check_prose(content.prose, content.problems)
    _check_crowd(content)
    if content.map is not None:
        if not any(one["kind"] == "home" for one in buildings.values()):
            content.problems.append(
                Problem(str(content.folder / MAP_FILE), 1, 1, "", "nobody can live here", "a map with at least one home")
            )
        _check_places(content, buildings)
        _check_jobs(content, buildings)
    _check_people(content, buildings)
    return content


def check(content: Content) -> list[Problem]:
    """Check loaded content and return every mistake."""
    return checked(content).problems


def _unique(content: Content) -> None:
    lists = {
        "items": [] if content.items is None else [item.id for item in content.items.items],
        "jobs": [] if content.jobs is None else [job.id for job in content.jobs.jobs],
        "people": [] if content.people is None else [person.id for person in content.people.people],
        "places": [] if content.places is None else [place.building for place in content.places.places],
    }
    for kind, ids in lists.items():
        for index, name in enumerate(ids):
            if name in ids[:index]:
                source = content.sources[kind]
                first = source.values[(kind, ids.index(name))][0]
                field = "building" if kind == "places" else "id"
                content.problems.append(source.problem((kind, index, field), f"{name!r} is already in line {first}"))


def _check_items(content: Content) -> None:
    if content.items is None:
        return
    for index, item in enumerate(content.items.items):
        eaten = any((item.restores.food, item.restores.energy, item.restores.company))
        if eaten != (item.eat_minutes > 0):
            what = "restores something but takes no time to eat" if eaten else "takes time to eat but restores nothing"
            content.problems.append(content.sources["items"].problem(("items", index, "eat_minutes"), f"{item.id!r} {what}"))


def _check_weather(content: Content) -> None:
    if content.weather is None:
        return
    for name, chances in content.weather.change:
        total = sum(chance for _, chance in chances)
        if total != 1000:
            content.problems.append(
                content.sources["weather"].problem(("change", name), f"the chances sum to {total}", allowed="1000", key=True)
            )


def _check_crowd(content: Content) -> None:
    if content.crowd is None:
        return
    source = content.sources["crowd"]
    for index, story in enumerate(content.crowd.stories):
        fault = check_template(story, STORY_VARIABLES)
        if fault is not None:
            content.problems.append(source.problem(("stories", index), fault.what, allowed=fault.allowed, near=fault.near))
    for index, job in enumerate(content.crowd.jobs):
        if job.kind == "home":
            content.problems.append(source.problem(("jobs", index, "kind"), "nobody works at a home", allowed="any other kind"))


def _known(source: Source, at: Steps, name: str, known: Iterable[str], what: str) -> Problem:
    near, allowed = nearest(name, known)
    return source.problem(at, f"no {what} {name!r}", allowed=allowed, near=near)


def _building(
    content: Content, kind: str, at: Steps, name: str, buildings: Mapping[str, Any], kinds: Iterable[str]
) -> Mapping[str, Any] | None:
    """Find a building that must exist and be of one of the `kinds`; the nearest name is one of those kinds."""
    allowed = tuple(kinds)
    source = content.sources[kind]
    if name not in buildings:
        fitting = [one for one in buildings if buildings[one]["kind"] in allowed]
        content.problems.append(
            _known(source, at, name, fitting, f"{allowed[0] if len(allowed) == 1 else 'building'} on the map with the id")
        )
        return None
    found: Mapping[str, Any] = buildings[name]
    if found["kind"] not in allowed:
        content.problems.append(source.problem(at, f"{name!r} is of kind {found['kind']}", allowed=", ".join(allowed)))
        return None
    return found


def _check_sales(content: Content, kind: str, at: Steps, sales: Iterable[Sale]) -> None:
    items = [] if content.items is None else [item.id for item in content.items.items]
    seen: set[str] = set()
    for index, sale in enumerate(sales):
        here = (*at, "sells", index, "item")
        if content.items is not None and sale.item not in items:
            content.problems.append(_known(content.sources[kind], here, sale.item, items, "item"))
        if sale.item in seen:
            content.problems.append(content.sources[kind].problem(here, f"{sale.item!r} is sold twice here"))
        seen.add(sale.item)


def _check_places(content: Content, buildings: Mapping[str, Any]) -> None:
    rules = {} if content.kinds is None else content.kinds.kinds
    for kind, of_kind in rules.items():
        at: Steps = ("kinds", kind)
        if all(rule.words for rule in of_kind):
            content.problems.append(
                content.sources["kinds"].problem(at, "every rule is for some words", allowed="at least one rule without", key=True)
            )
        for index, rule in enumerate(of_kind):
            _check_sales(content, "kinds", (*at, index), rule.sells)
            if rule.sells and kind not in TRADING_KINDS:
                content.problems.append(
                    content.sources["kinds"].problem(
                        (*at, index, "sells"), f"a {kind} sells nothing", allowed=", ".join(TRADING_KINDS)
                    )
                )
    if content.kinds is not None:
        for kind in _MUST_TRADE:
            if not any(rule.sells for rule in rules.get(kind, [])):
                content.problems.append(content.sources["kinds"].problem(("kinds",), f"no rule says what a {kind} sells"))
    for index, place in enumerate(content.places.places if content.places is not None else []):
        here: Steps = ("places", index)
        allowed = sorted(rules) if content.kinds is not None else sorted({one["kind"] for one in buildings.values()})
        found = _building(
            content, "places", (*here, "building"), place.building, buildings, TRADING_KINDS if place.sells else allowed
        )
        if found is not None and place.sells:
            _check_sales(content, "places", here, place.sells)


def _check_jobs(content: Content, buildings: Mapping[str, Any]) -> None:
    for index, job in enumerate(content.jobs.jobs if content.jobs is not None else []):
        at: Steps = ("jobs", index)
        if job.kind == "home":
            content.problems.append(
                content.sources["jobs"].problem((*at, "kind"), "nobody works at a home", allowed="any other kind")
            )
        elif _building(content, "jobs", (*at, "building"), job.building, buildings, [job.kind]) is not None:
            _check_shift(content, at, job, buildings[job.building])


def _check_shift(content: Content, at: Steps, job: Job, building: Mapping[str, Any]) -> None:
    """A shift must lie within the hours of its place, give or take what opening and closing up takes."""
    trade = trade_of(content, building)
    if trade is None:
        return
    source = content.sources["jobs"]
    open_days = days(trade.days)
    if not set(days(job.days)) <= set(open_days):
        content.problems.append(source.problem((*at, "days"), f"works on {job.days}, but {job.building} is open {trade.days}"))
    if trade.opens == trade.closes:
        return
    opens, closes = span(trade.opens, trade.closes)
    begins, ends = span(job.start, job.to)
    fits = any(opens - _OUT_OF_HOURS <= begins + day and ends + day <= closes + _OUT_OF_HOURS for day in (0, DAY))
    if not fits:
        allowed = f"{trade.opens} to {trade.closes}, give or take {_OUT_OF_HOURS} min"
        content.problems.append(
            source.problem((*at, "from"), f"the shift {job.start}-{job.to} is out of hours at {job.building}", allowed=allowed)
        )


def _check_people(content: Content, buildings: Mapping[str, Any]) -> None:
    if content.people is None:
        return
    source = content.sources["people"]
    people = {person.id: person for person in content.people.people}
    jobs = {job.id: job for job in content.jobs.jobs} if content.jobs is not None else {}
    for index, person in enumerate(content.people.people):
        at: Steps = ("people", index)
        if content.map is not None:
            _building(content, "people", (*at, "home"), person.home, buildings, ["home"])
        if person.job is not None and person.job not in jobs:
            if content.jobs is not None:
                content.problems.append(_known(source, (*at, "job"), person.job, jobs, "job"))
        elif person.job is not None:
            _check_day(source, at, person, jobs[person.job], content.problems)
        _check_relations(source, at, person, people, content.problems)


def _check_day(source: Source, at: Steps, person: Person, job: Job, problems: list[Problem]) -> None:
    """Somebody must be awake from before the way to work until after the way home."""
    wakes, sleeps = span(person.wakes, person.sleeps)
    begins, ends = span(job.start, job.to)
    if begins < minute(person.wakes):
        begins, ends = begins + DAY, ends + DAY
    if begins < wakes + _ON_THE_WAY or ends > sleeps - _ON_THE_WAY:
        problems.append(
            source.problem(
                (*at, "wakes"),
                f"{person.id!r} is up {person.wakes}-{person.sleeps}, but the shift is {job.start}-{job.to}",
                allowed=f"up from {_ON_THE_WAY} min before the shift to {_ON_THE_WAY} min after it",
            )
        )


def _check_relations(source: Source, at: Steps, person: Person, people: Mapping[str, Person], problems: list[Problem]) -> None:
    seen: set[str] = set()
    for index, relation in enumerate(person.relations):
        here = (*at, "relations", index)
        if relation.to == person.id or relation.to in seen:
            what = "related to oneself" if relation.to == person.id else f"a second relation with {relation.to!r}"
            problems.append(source.problem((*here, "with"), what, allowed="one relation with each other person"))
            continue
        seen.add(relation.to)
        if relation.to not in people:
            problems.append(_known(source, (*here, "with"), relation.to, people, "person"))
            continue
        back = [one.kind for one in people[relation.to].relations if one.to == person.id]
        wanted = COUNTERPART.get(relation.kind, relation.kind)
        if not back:
            problems.append(
                source.problem(here, f"{relation.to!r} has no relation back", allowed=f"kind: {wanted} with {person.id}")
            )
        elif back[0] != wanted:
            problems.append(
                source.problem((*here, "kind"), f"is {relation.kind}, but {relation.to!r} says {back[0]}", allowed=wanted)
            )

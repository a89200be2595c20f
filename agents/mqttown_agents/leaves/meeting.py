"""Inviting people, answering invitations, and turning up."""

from typing import Final

from mqttown_agents.acquaintance import Acquaintance
from mqttown_agents.leaves.talk import talkative_with
from mqttown_agents.notebook import Appointment, Owed, Proposal
from mqttown_agents.schedule import DAY, clock_text, minute_of, shift_now, span_holds, until
from mqttown_agents.speech import answer, open_with
from mqttown_agents.turn import Choice, Turn

__all__ = ["answer_invitation", "invite", "keep_appointment", "note_acceptance"]

_KINDS: Final = ("cafe", "bar", "park", "restaurant")
_WARM: Final = 450
_EARLIEST: Final = 17 * 60
_LATEST: Final = 20 * 60
_WALK_MINUTES: Final = 12
_STAY_MINUTES: Final = 40


def invite(turn: Turn) -> Choice | None:
    """Ask a friend to meet this evening at a place one knows."""
    notebook, now = turn.notebook, turn.now
    if notebook.appointments or notebook.proposals or not 600 <= now.minute < _LATEST - 60:
        return None
    for other in talkative_with(turn):
        if turn.persona.warmth(other.id) < _WARM or not turn.luck.chance(
            turn.persona.sociable // 3, "invite", other.id, other.began
        ):
            continue
        places = list(notebook.atlas.places([kind for kind in _KINDS if kind in turn.persona.likes] or _KINDS))
        minute = max(_EARLIEST, now.minute + 60)
        minute += (-minute) % 30
        minute += 30 * (turn.draw("hour", other.id) % 3)
        if not places or not _free(turn, minute):
            continue
        place = turn.luck.pick(places[:4], "where", now.tick)
        meeting = Appointment(place.id, now.tick + minute - now.minute, other.id)
        choice = open_with(turn, other, "invite", f"I would like to see {other.name}.", place=place.name, time=clock_text(minute))
        if choice is not None:
            notebook.proposals.append(Proposal("invite", other.id, now.tick, appointment=meeting))
            return choice
    return None


def answer_invitation(turn: Turn, other: Acquaintance, owed: Owed) -> Choice | None:
    """Accept if one knows the place and is free then; decline otherwise."""
    notebook, now = turn.notebook, turn.now
    place = notebook.atlas.named(owed.values.get("place", ""))
    time = owed.values.get("time", "")
    if place is not None and len(time) == 5 and time[2] == ":" and time.replace(":", "").isdigit() and not notebook.appointments:
        minute = minute_of(time) % DAY
        if _free(turn, minute):
            notebook.appointments.append(Appointment(place, now.tick + until(now.minute, minute), other.id))
            return answer(turn, other, "accept_invite", "I have time.", place=owed.values["place"], time=time)
    words = {"place": owed.values.get("place", "there"), "time": time or "then"}
    return answer(turn, other, "decline_invite", "I have no time then.", **words)


def note_acceptance(turn: Turn, other: Acquaintance) -> None:
    """Keep the appointment in mind once the other has accepted."""
    for proposal in turn.notebook.proposals:
        if proposal.kind == "invite" and proposal.other == other.id and proposal.appointment is not None:
            turn.notebook.appointments.append(proposal.appointment)
            turn.notebook.proposals.remove(proposal)
            return


def keep_appointment(turn: Turn) -> Choice | None:
    """Walk to where one is expected, and wait there."""
    meeting = turn.notebook.next_meeting()
    now = turn.now
    if meeting is None or now.busy or meeting.tick - now.tick > _WALK_MINUTES:
        return None
    if now.building != meeting.place:
        return turn.walk_to(meeting.place, "Somebody expects me there.")
    stay = meeting.tick + _STAY_MINUTES - now.tick
    if stay <= 0:
        return None
    return Choice("wait", {"ticks": min(stay, 10)}, "I am where we wanted to meet.")


def _free(turn: Turn, minute: int) -> bool:
    if span_holds(turn.persona.sleeps, turn.persona.wakes, minute) or until(minute, turn.persona.sleeps) < 60:
        return False
    job = turn.now.job
    return job is None or not shift_now(job, turn.now.weekday, minute, 0)[0]

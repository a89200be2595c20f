"""`/presets`: people to begin with, a surprise, and a preview of the first sentence."""

from typing import Annotated

from fastapi import APIRouter, Query

from mqttown_dashboard.access import ANYONE
from mqttown_dashboard.problems import ProblemError, problems
from mqttown_dashboard.resident_forms import PresetView, PreviewForm, PreviewView, SurpriseView
from mqttown_dashboard.state import StateOf

__all__ = ["router"]

router = APIRouter(prefix="/presets", tags=["presets"], dependencies=[ANYONE])


@router.get("", summary="People of the town, to begin with")
async def presets(state: StateOf) -> list[PresetView]:
    """Those whom somebody has written. A new resident may be like one of them, under another name."""
    return [PresetView(id=name, persona=persona) for name, persona in state.presets.people.items()]


@router.get("/surprise", summary="Somebody made of several", responses=problems(404, 422))
async def surprise(
    state: StateOf, seed: Annotated[int | None, Query(ge=0, lt=2**31, description="the same seed, the same person")] = None
) -> SurpriseView:
    """A name, a character and goals put together by luck; to be changed at will."""
    try:
        taken, persona = state.presets.surprise(seed)
    except LookupError as error:
        raise ProblemError(404, "unknown_preset", f"{str(error).capitalize()}.") from error
    return SurpriseView(seed=taken, persona=persona)


@router.post("/preview", summary="How somebody would begin", responses=problems(413, 422))
async def preview(form: PreviewForm, state: StateOf) -> PreviewView:
    """A first sentence, from the town's own prose; it costs nothing, and nothing is kept."""
    return PreviewView(text=state.presets.first_sentence(form.persona, form.mind))

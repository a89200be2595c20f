"""`/me/residents/{agent_id}/versions` and files: what a resident was, what differs, and the way back; export and import."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Path, Query
from fastapi.responses import Response

from mqttown_contract.persona import Persona, Resident
from mqttown_dashboard import residency
from mqttown_dashboard.access import Manager
from mqttown_dashboard.problems import ProblemError, problems
from mqttown_dashboard.resident_file import FileError, read, write
from mqttown_dashboard.resident_forms import EXAMPLE, Diff, ResidentView, VersionView
from mqttown_dashboard.residents import Version
from mqttown_dashboard.routes.residents import AgentId, shown
from mqttown_dashboard.state import State, StateOf
from mqttown_dashboard.versions import differences

__all__ = ["router"]

router = APIRouter(prefix="/me/residents", tags=["my residents"])
MEDIA_TYPE: Final = "application/yaml"
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="of the version")]
_EXAMPLE: Final = "".join(f"{name}: {EXAMPLE[name]}\n" for name in ("id", "name", "tagline", "story"))
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": _EXAMPLE}}, "description": "the file"}
}


@router.get("/{agent_id}/versions", summary="Versions of its persona", responses=problems(401, 403, 404))
async def versions(agent_id: AgentId, state: StateOf, _: Manager) -> list[VersionView]:
    """The newest first."""
    now = await residency.kept(state, agent_id)
    return [_view(version, now.version) for version in await state.residents.versions(agent_id)]


@router.get("/{agent_id}/diff", summary="What differs between two versions", responses=problems(401, 403, 404, 422))
async def diff(
    agent_id: AgentId,
    state: StateOf,
    _: Manager,
    before: Annotated[int, Query(ge=1, le=2**31 - 1, description="version")],
    after: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="version; the present one without it")] = None,
) -> Diff:
    """Field by field."""
    now = await residency.kept(state, agent_id)
    first = await _version(state, agent_id, before, "query.before")
    second = await _version(state, agent_id, after or now.version, "query.after")
    return Diff(from_version=first.version, to_version=second.version, changes=differences(first.persona, second.persona))


@router.post(
    "/{agent_id}/versions/{version}/restore", summary="Go back to a version", responses=problems(401, 403, 404, 409, 422, 503, 504)
)
async def restore(agent_id: AgentId, version: Number, state: StateOf, caller: Manager) -> ResidentView:
    """Makes a new version that is like the old one, so that this can be undone, too."""
    now = await residency.kept(state, agent_id)
    old = await _version(state, agent_id, version, "path.version")
    kept = now.resident.model_dump(by_alias=True, exclude={*Persona.model_fields, "mind"})
    wanted = Resident.joined(old.persona, kept)
    return await shown(state, await residency.change(state, now, wanted, caller, f"as version {version}"))


@router.get("/{agent_id}/export", summary="As a file", response_class=Response, responses=_FILE | problems(401, 403, 404))
async def export(agent_id: AgentId, state: StateOf, _: Manager) -> Response:
    """YAML, as `POST /me/residents/import` and `mqttown host new` take it. No key and no secret is in it."""
    now = await residency.kept(state, agent_id)
    headers = {"Content-Disposition": f'attachment; filename="{agent_id}.yaml"'}
    return Response(write(now.resident), media_type=MEDIA_TYPE, headers=headers)


@router.post(
    "/import", status_code=201, summary="Make a resident from a file", responses=problems(401, 403, 409, 413, 422, 429, 503, 504)
)
async def import_(
    content: Annotated[bytes, Body(media_type=MEDIA_TYPE, examples=[_EXAMPLE], json_schema_extra={"format": "binary"})],
    state: StateOf,
    caller: Manager,
    new_id: Annotated[str | None, Query(min_length=1, max_length=48, description="instead of the id in the file")] = None,
) -> ResidentView:
    """Each mistake is told with its line and column."""
    try:
        resident = read(content.decode())
        if new_id is not None:
            resident = Resident.model_validate(resident.model_dump() | {"id": new_id})
    except UnicodeDecodeError as error:
        raise ProblemError(422, "bad_parameters", "The file is not UTF-8.", path="body") from error
    except FileError as error:
        first = error.mistakes[0]
        told = [
            {"line": mistake.line, "column": mistake.column, "path": mistake.path, "what": mistake.what}
            for mistake in error.mistakes
        ]
        raise ProblemError(
            422, "bad_parameters", f"{first}", path=f"body.{first.path}".rstrip("."), allowed={"mistakes": told}
        ) from error
    except ValueError as error:
        raise ProblemError(422, "bad_parameters", f"{new_id!r} is no id.", path="query.new_id") from error
    return await shown(state, await residency.settle(state, resident, caller))


async def _version(state: State, agent: str, number: int, path: str) -> Version:
    found = await state.residents.version(agent, number)
    if found is None:
        raise ProblemError(404, "unknown_version", f"{agent} has no version {number}.", path=path)
    return found


def _view(version: Version, current: int) -> VersionView:
    return VersionView(
        version=version.version,
        made=version.made,
        by=version.by,
        note=version.note,
        current=version.version == current,
        persona=version.persona,
    )

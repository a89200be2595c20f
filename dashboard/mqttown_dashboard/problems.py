"""How the API says no: one JSON shape for every error, with nearest names where a name is wrong."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from mqttown_contract.errors import Code
from mqttown_dashboard.examples import exemplify

__all__ = ["MEDIA_TYPE", "PROBLEMS", "STATUS_OF_CODE", "Problem", "ProblemError", "install", "problems", "status_of", "unknown"]


class Problem(BaseModel):
    """Why a request was not answered as asked."""

    code: str = Field(description="stable word for programs, like `unknown_agent`")
    detail: str = Field(description="a sentence for a person")
    path: str | None = Field(default=None, description="the parameter at fault, like `query.limit`")
    allowed: Any = Field(default=None, description="what would have been allowed")


MEDIA_TYPE: Final = "application/problem+json"
SECRETS: Final = frozenset({"password", "new_password", "refresh_token", "key", "token", "code"})
"""Fields that are not repeated to whoever sent them."""


def _described(meaning: str) -> dict[str, Any]:
    return {"model": Problem, "description": meaning}


PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    400: _described("The body is not what is asked for here."),
    401: _described("A token is needed and none was sent."),
    403: _described("The token does not open this."),
    404: _described("Nothing has this id; `allowed` holds the nearest ones."),
    409: _described("It can't be done now; `detail` says why."),
    413: _described("The body is larger than 64 KiB."),
    422: _described("A parameter is wrong; `path` names it."),
    429: _described("Too many requests; `Retry-After` says how many seconds to wait."),
    503: _described("A part of the town that is needed for the answer is away."),
    504: _described("A part of the town did not answer in time."),
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The answers of a route that are problem JSON, for its documentation."""
    return {status: PROBLEMS[status] for status in statuses}


STATUS_OF_CODE: Final[dict[Code, int]] = {
    Code.MALFORMED: 400,
    Code.UNKNOWN_ACTION: 422,
    Code.BAD_PARAMETERS: 422,
    Code.NOT_POSSIBLE: 409,
    Code.TOO_LATE: 409,
    Code.RATE_LIMITED: 429,
    Code.MODERATED: 422,
    Code.QUARANTINED: 403,
    Code.NOT_ALLOWED: 403,
}
"""HTTP status of what the town refuses."""


def status_of(code: str) -> int:
    """HTTP status of a code of the town's, or of one of its services."""
    return STATUS_OF_CODE[Code(code)] if code in set(Code) else 503


class ProblemError(Exception):
    """An error that is answered as problem JSON.

    Args:
        status: HTTP status.
        code, detail, path, allowed: see `Problem`.
        headers: extra HTTP headers.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        path: str | None = None,
        allowed: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.problem = Problem(code=code, detail=detail, path=path, allowed=allowed)
        self.headers = dict(headers or {})


def unknown(what: str, wrong: str, known: Mapping[str, str] | Iterable[str]) -> ProblemError:
    """A 404 for an id that nothing has, with the nearest ids.

    Args:
        what: kind of thing, like `agent`.
        wrong: the id that was asked for.
        known: ids, or ids and the names that people may have typed instead.
    """
    names = dict(known) if isinstance(known, Mapping) else {name: name for name in known}
    by_word = {word.lower(): name for name, title in names.items() for word in (title, name)}
    near = list(dict.fromkeys(by_word[word] for word in get_close_matches(wrong.lower(), by_word, n=5, cutoff=0.5)))
    hint = f"; nearest: {', '.join(near)}" if near else f"; GET /api/v1/{what}s lists them"
    return ProblemError(404, f"unknown_{what}", f"There is no {what} {wrong!r}{hint}.", path=f"path.{what}_id", allowed=near)


def _answer(status: int, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(problem.model_dump()), status, dict(headers or {}), MEDIA_TYPE)


async def _own(request: Request, error: Exception) -> Response:  # noqa: ARG001  the shape that Starlette calls
    if not isinstance(error, ProblemError):
        raise error
    return _answer(error.status, error.problem, error.headers)


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = {400: "malformed", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}.get(error.status_code, "http_error")
    detail = f"Nothing is at {request.url.path}; see /openapi.json." if error.status_code == 404 else str(error.detail)
    return _answer(error.status_code, Problem(code=code, detail=detail), error.headers)


async def _parameters(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    where = ".".join(str(part) for part in _without_tag(first, error.body))
    value = first.get("input")
    hidden = first["loc"][-1] in SECRETS
    given = f" (got {value!r})" if isinstance(value, str | int | float) and not hidden else ""
    if first["type"] == "extra_forbidden":
        name = str(first["loc"][-1])
        known = sorted(parameter.alias for parameter in _query_parameters(request))
        return _answer(
            422, Problem(code="bad_parameters", detail=f"There is no parameter {name!r} here.", path=where, allowed=known)
        )
    allowed = (
        first.get("ctx", {}).get("expected")
        or first.get("ctx", {}).get("expected_tags")
        or {
            key: limit
            for key, limit in first.get("ctx", {}).items()
            if key in ("ge", "gt", "le", "lt", "pattern", "min_length", "max_length")
        }
        or None
    )
    return _answer(422, Problem(code="bad_parameters", detail=f"{where}: {first['msg']}{given}", path=where, allowed=allowed))


def _without_tag(error: Mapping[str, Any], body: Any) -> tuple[int | str, ...]:
    """Where a mistake is in the body as it was sent: where a field chooses among forms, pydantic names the form, too."""
    place: tuple[int | str, ...] = error["loc"]
    if len(place) < 2 or place[0] != "body" or not isinstance(body, dict) or place[1] in body or place[1] not in body.values():
        return place
    return place if len(place) == 2 and error["type"] == "missing" else (place[0], *place[2:])


def _query_parameters(request: Request) -> list[Any]:
    """Fields of the query model of the route that was asked, for the hint; FastAPI keeps them on the route."""
    found: list[Any] = []
    for parameter in getattr(getattr(request.scope.get("route"), "dependant", None), "query_params", []):
        model = parameter.field_info.annotation
        fields = getattr(model, "model_fields", None)
        if fields:
            found += [_Named(info.alias or name) for name, info in fields.items()]
        else:
            found.append(parameter)
    return found


class _Named:
    def __init__(self, alias: str) -> None:
        self.alias = alias


def _describe(openapi: dict[str, Any]) -> dict[str, Any]:
    """Say of every refusal that it is problem JSON, which FastAPI does not know of; and put the examples in."""
    openapi["components"]["schemas"] |= {"Problem": Problem.model_json_schema()}
    exemplify(openapi)
    for operations in openapi["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if int(status) < 400:
                    continue
                content = answer.setdefault("content", {})
                named = content.get("application/json", {}).get("schema", {}).get("$ref", "")
                if named.rpartition("/")[2] in {"Problem", "HTTPValidationError"}:
                    del content["application/json"]
                content[MEDIA_TYPE] = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return openapi


def install(app: FastAPI) -> None:
    """Answer every error of `app` as problem JSON, and say so in its OpenAPI document."""
    plain, made = app.openapi, list[dict[str, Any]]()

    def described() -> dict[str, Any]:
        if not made:
            made.append(_describe(plain()))
        return made[0]

    # FastAPI's documented way to change the document.
    app.openapi = described  # type: ignore[method-assign]
    app.add_exception_handler(ProblemError, _own)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _parameters)

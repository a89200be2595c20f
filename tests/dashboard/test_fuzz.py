"""The HTTP API against schemathesis: whatever is sent, no server error, no traceback, and answers as OpenAPI says."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from mqttown_dashboard.app import create_api

CASES = 5
"""A route; beside those that follow from its schema alone."""
STREAMS = ("/api/v1/stream", "/api/v1/agents/{agent_id}/observations", "/api/v1/me/agents/{agent_id}/wire")
"""They go on for ever; `test_stream.py`, `test_wire.py` and the tests of the door read them."""
TRACES = (b"Traceback", b'File "/', b"asyncpg", b"site-packages", b"mqttown_dashboard.")
DOOR = ("/observation", "/memories/recall", "/memories/remember")
tried: Counter[int] = Counter()

api = schemathesis.openapi.from_dict(create_api().openapi()).exclude(path=list(STREAMS))
api.config.generation.update(deterministic=True)


@pytest.fixture(scope="module", autouse=True)
def count(record_testsuite_property: Any) -> Iterator[None]:
    """Record how many cases were tried."""
    yield
    record_testsuite_property("http_fuzz_cases", tried.total())
    assert tried.total() > 300, tried
    assert {200, 201, 204, 404, 422} <= set(tried), f"it must come to the routes' own code, {tried}"


@api.parametrize()
@settings(
    max_examples=CASES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@pytest.mark.timeout(60)
def test_any_request_is_answered_as_described(case: Any, stage: Any, feed: None) -> None:
    names = case.path_parameters
    if len(str(names.get("agent_id", ""))) % 2:  # half of them are of somebody who is there
        names["agent_id"] = "aino"
    as_agent = case.path.endswith(DOOR) or (case.path.endswith("/actions") and case.method == "POST")
    if as_agent:
        case.query = {**(case.query or {}), "wait": 0} if "memories" not in case.path else case.query
    token = "aino-key" if as_agent else "operator-token"
    answer = case.call(base_url=stage.page, headers={"Authorization": f"Bearer {token}"}, timeout=15)
    tried[answer.status_code] += 1
    assert not any(trace in answer.content for trace in TRACES), answer.content
    case.validate_response(
        answer, checks=[not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    )

"""Minds with a model in an experiment: recorded once, replayed without the model to the same hash."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mqttown_cli.laboratory.folder import RunFolder
from mqttown_cli.laboratory.fork import ForkError
from mqttown_cli.laboratory.runner import RunError
from mqttown_cli.laboratory.taking import fork_of_run

pytest.importorskip("openai", reason="extra models")

TINY = str(Path(__file__).parents[1] / "towns" / "tiny.json")
Run = Callable[..., tuple[dict[str, Any], Path]]


def reply(body: dict[str, Any]) -> dict[str, Any]:
    """A model that plans plainly, and else greets whoever is there or waits, by the hash of what it is asked."""
    tools = {tool["function"]["name"]: tool["function"]["parameters"] for tool in body.get("tools", [])}
    luck = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).digest()[0]
    if "plan" in tools:
        name, arguments = "plan", {"steps": [{"at": "09:00", "what": "have a coffee"}, {"at": "13:00", "what": "walk in the park"}]}
    elif "say" in tools and luck % 2:
        name, arguments = "say", {"text": f"Good day, {luck} times."}
    else:
        name, arguments = "wait", {"ticks": 5 + luck % 20}
    if not tools:
        return completion({"role": "assistant", "content": "A coffee, and some peace."})
    call = {"id": "1", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
    return completion({"role": "assistant", "content": None, "tool_calls": [call]})


def completion(message: dict[str, Any]) -> dict[str, Any]:
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    choices = [{"index": 0, "finish_reason": "stop", "message": message}]
    return {"id": "x", "object": "chat.completion", "created": 0, "model": "stub", "choices": choices, "usage": usage}


@pytest.fixture
def models(tmp_path: Path) -> Iterator[tuple[str, list[int]]]:
    """A registry with one model, and how often it was asked."""
    asked: list[int] = []

    class Server(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(1)
            answer = json.dumps(reply(body)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        file = tmp_path / "models.yaml"
        registry = {
            "version": 1,
            "providers": {"stub": {"base_url": f"http://127.0.0.1:{server.server_port}/v1", "timeout_seconds": 20}},
            "models": {"stub": {"provider": "stub", "name": "stub", "context": 8192, "price_in": 0, "price_out": 0}},
            "tiers": {"full": ["stub"], "small": ["stub"], "tiny": ["stub"]},
        }
        file.write_text(json.dumps(registry), encoding="utf-8")
        yield str(file), asked
        server.shutdown()
        thread.join()


def test_a_recorded_run_is_replayed_without_the_model(models: tuple[str, list[int]], run: Run, tmp_path: Path) -> None:
    file, asked = models
    plain: dict[str, Any] = {
        "name": "thinkers",
        "time_limit": 240,
        "parameters": {
            "town": TINY, "model_minds": "all", "models": file, "cassette": str(tmp_path / "cassette"), "cassette_mode": "record",
        },
        "metrics": ["relationship_density"],
        "surveys": [{"name": "plans", "at": 200, "of": ["otto"], "ask": "open", "about": "What do you want of this day?"}],
    }  # fmt: skip
    recorded, one = run(plain)
    often = len(asked)
    assert often > 20
    (answer,) = RunFolder(one).table("answers").to_dicts()
    assert (answer["agent"], answer["type"], answer["text"]) == ("otto", "text", "A coffee, and some peace.")
    facts = recorded["runs"][0]["facts"]
    assert facts["calls"] == {"open": often}
    assert facts["models"] == [{"id": "stub", "model": "stub"}]
    assert set(facts["prompts"]) >= {"act", "plan", "persona"}
    assert "times." in " ".join(RunFolder(one).table("speech")["text"])
    strict = {**plain, "parameters": {**plain["parameters"], "cassette_mode": "strict"}}
    replayed, _ = run(strict)
    assert len(asked) == often, "nobody was asked again"
    assert replayed["runs"][0]["state"] == recorded["runs"][0]["state"]
    assert replayed["runs"][0]["tables"]["memories"] == recorded["runs"][0]["tables"]["memories"]
    assert replayed["runs"][0]["facts"]["calls"] == {"replayed": often}
    other = {**strict, "setup": [{"do": "broadcast", "text": "The museum is free for everybody today."}]}
    with pytest.raises(RunError, match="not on the cassette"):
        run(other)


def test_minds_with_a_model_go_on_from_a_fork_with_what_they_had_in_mind(
    models: tuple[str, list[int]], run: Run, tmp_path: Path
) -> None:
    file, asked = models
    minds = {"models": file, "cassette": str(tmp_path / "cassette"), "cassette_mode": "record"}
    base: dict[str, Any] = {
        "name": "base",
        "time_limit": 150,
        "parameters": {"town": TINY, "model_minds": "otto, aino", **minds},
    }
    whole, out = run(base)
    often = len(asked)
    fork_of_run(out, 0, 90).write(tmp_path / "fork")
    assert len(asked) == often
    goes_on: dict[str, Any] = {"name": "goes-on", "time_limit": 60, "parameters": {"start": str(tmp_path / "fork"), **minds}}
    again, _ = run(goes_on)
    assert again["runs"][0]["state"] == whole["runs"][0]["state"], "this model says the same to the same words"
    assert again["runs"][0]["tables"]["memories"] == whole["runs"][0]["tables"]["memories"]
    later = len(asked) - often
    assert 0 < later < often, "what was before the fork was not asked again"
    strict = {**goes_on, "parameters": {**goes_on["parameters"], "cassette_mode": "strict"}}
    replayed, _ = run(strict)
    assert replayed["runs"][0]["state"] == whole["runs"][0]["state"]
    assert len(asked) - often == later
    with pytest.raises(RunError, match="not on the cassette"):
        run({**strict, "interventions": [{"at": 91, "do": "broadcast", "text": "The museum is free for everybody today."}]})
    more, _ = run({**goes_on, "parameters": {**goes_on["parameters"], "model_minds": "leena"}})
    assert set(more["runs"][0]["facts"]["calls"]) == {"open"}
    assert more["runs"][0]["state"] != whole["runs"][0]["state"]


def test_residents_begin_to_think_in_a_fork_of_routine_minds(models: tuple[str, list[int]], run: Run, tmp_path: Path) -> None:
    file, asked = models
    _, out = run({"name": "routine", "time_limit": 90, "parameters": {"town": TINY}})
    fork_of_run(out, 0, None).write(tmp_path / "fork")
    minds = {"model_minds": "otto", "models": file, "cassette": str(tmp_path / "cassette"), "cassette_mode": "record"}
    plain: dict[str, Any] = {
        "name": "begins", "time_limit": 60, "parameters": {"start": str(tmp_path / "fork"), **minds},
        "surveys": [{"name": "past", "at": 91, "of": ["otto"], "ask": "recall", "about": "this morning"}],
    }  # fmt: skip
    recorded, begun = run(plain)
    assert len(asked) > 3
    thought = RunFolder(begun).table("actions").filter((pl.col("agent") == "otto") & (pl.col("tick") > 90))
    assert "as a model thought" in thought["reasoning"].to_list()
    assert thought["tick"].min() == 91, "they are shown where they are at once"
    strict, _ = run({**plain, "parameters": {**plain["parameters"], "cassette_mode": "strict"}})
    assert strict["runs"][0]["state"] == recorded["runs"][0]["state"]


def test_a_fork_of_minds_that_nobody_recorded_is_refused(models: tuple[str, list[int]], run: Run) -> None:
    file, _ = models
    _, out = run({"name": "unrecorded", "time_limit": 20, "parameters": {"town": TINY, "model_minds": "otto", "models": file}})
    with pytest.raises(ForkError, match="run it with a `cassette`"):
        fork_of_run(out, 0, None)

"""A model server for tests: OpenAI-style, deterministic, with faults on order and a count of everything asked."""

import asyncio
import contextlib
import json
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Body = Mapping[str, Any]
Reply = Callable[[Body], dict[str, Any]]


def says(text: str, *, tokens_in: int = 100, tokens_out: int = 10) -> dict[str, Any]:
    """A completion that is words."""
    return completion({"role": "assistant", "content": text}, tokens_in, tokens_out)


def calls(name: str, arguments: Any, *, tokens_in: int = 100, tokens_out: int = 10) -> dict[str, Any]:
    """A completion that calls a tool."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    call = {"id": "call-1", "type": "function", "function": {"name": name, "arguments": text}}
    return completion({"role": "assistant", "content": None, "tool_calls": [call]}, tokens_in, tokens_out)


def completion(message: dict[str, Any], tokens_in: int, tokens_out: int) -> dict[str, Any]:
    usage = {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out}
    return {
        "id": "stub", "object": "chat.completion", "created": 0, "model": "stub",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}], "usage": usage,
    }  # fmt: skip


@dataclass
class Fault:
    """What the server does instead of answering: a status, a silence, or a body that is none.

    Attributes:
        status: of HTTP.
        headers: more of them.
        raw: the body.
        hang: never answer.
        endless: send bytes for ever.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = b"{}"
    hang: bool = False
    endless: bool = False


@dataclass
class StubModel:
    """The server. `faults` are used up first, one a request; then `reply` answers.

    Attributes:
        latency: seconds before an answer.
        asked: bodies, in their order of arrival.
        keys: bearer tokens, likewise.
        cost: what its answers came to, by `price_in` and `price_out` a million tokens.
        most_at_once: requests in work at the same time.
    """

    reply: Reply = lambda _body: says("Hello.")
    latency: float = 0.0
    price_in: int = 1_000_000
    price_out: int = 2_000_000
    faults: deque[Fault] = field(default_factory=deque)
    asked: list[Body] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    cost: int = 0
    most_at_once: int = 0
    port: int = 0
    came: asyncio.Event = field(default_factory=asyncio.Event)
    _inside: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["StubModel"]:
        tasks: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(self._connection(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in list(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            try:
                while True:
                    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
                    body = json.loads(await reader.readexactly(int(headers["content-length"])))
                    await self._answer(body, headers, writer)
            finally:
                writer.close()

    async def _answer(self, body: Body, headers: Mapping[str, str], writer: asyncio.StreamWriter) -> None:
        self.asked.append(body)
        self.keys.append(headers.get("authorization", "").removeprefix("Bearer "))
        self.came.set()
        self._inside += 1
        self.most_at_once = max(self.most_at_once, self._inside)
        try:
            fault = self.faults.popleft() if self.faults else None
            if fault is not None and fault.hang:
                await asyncio.Event().wait()
            await asyncio.sleep(self.latency)
            if fault is not None:
                await _write(writer, fault.status, fault.headers, fault.raw, endless=fault.endless)
                return
            answer = self.reply(body)
            usage = answer.get("usage") or {"prompt_tokens": 0, "completion_tokens": 0}
            spent = usage["prompt_tokens"] * self.price_in + usage["completion_tokens"] * self.price_out
            self.cost += -(-spent // 1_000_000)
            await _write(writer, 200, {}, json.dumps(answer).encode())
        finally:
            self._inside -= 1


@contextlib.contextmanager
def on_a_loop_of_its_own(model: StubModel) -> Iterator[StubModel]:
    """Serve in a thread, for tests that wait for other processes."""
    loop, done, up = asyncio.new_event_loop(), asyncio.Event(), threading.Event()

    async def serve() -> None:
        async with model.serving():
            up.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert up.wait(10)
        yield model
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


async def _write(
    writer: asyncio.StreamWriter, status: int, headers: Mapping[str, str], body: bytes, *, endless: bool = False
) -> None:
    told = {"content-type": "application/json", **headers, "content-length": str(10**12 if endless else len(body))}
    lines = [f"HTTP/1.1 {status} Stub", *(f"{name}: {value}" for name, value in told.items())]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    await writer.drain()
    while endless:
        writer.write(b"x" * 65_536)
        await writer.drain()

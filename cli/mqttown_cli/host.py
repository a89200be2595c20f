"""`mqttown host`: hosted residents from a shell, over the town's own HTTP side, so that everything there holds here."""

import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from mqttown.archive import ArchiveError, check
from mqttown_cli.console import DataOption, JsonOption, console, fail, show_json
from mqttown_cli.folder import DEFAULT_DATA, DataFolder, FolderError
from mqttown_contract.persona import Resident
from mqttown_dashboard.resident_file import FileError, read

__all__ = ["app"]

PATIENCE_SECONDS: Final = 40.0
"""The town answers a registration at its next tick."""

app = typer.Typer(no_args_is_help=True, help="Hosted residents: make them from a file, see how they do, pause, delete.")
Name = Annotated[str, typer.Argument(help="Id of the resident.")]
ApiOption = Annotated[str | None, typer.Option("--api", help="API of a town elsewhere, https://…/api/v1; with --key-file.")]
KeyOption = Annotated[Path | None, typer.Option("--key-file", help="File with an API key for it, of scopes read and agents.")]


class _Town:
    """The HTTP side of a town: the one running on a data directory, by its operator's token, or another by an API key."""

    def __init__(self, data: Path, api: str | None, key_file: Path | None) -> None:
        if (api is None) != (key_file is None):
            fail("--api and --key-file belong together")
        try:
            if api is not None and key_file is not None:
                self._api, self._token, pin = api.rstrip("/"), key_file.read_text(encoding="utf-8").strip(), None
            else:
                folder = DataFolder(data)
                running = folder.running()
                self._api, pin = running["api"], running.get("pin")
                self._token = folder.secrets(())["tokens"]["operator"]
        except (FolderError, OSError) as error:
            fail(error)
        if urllib.parse.urlsplit(self._api).scheme not in {"http", "https"}:
            fail(f"--api {self._api}: an address that begins with http:// or https://")
        self._tls = ssl.create_default_context(cafile=pin) if self._api.startswith("https") else None

    def ask(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> bytes:
        """Send a request; what was refused is told, and ends the command."""
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": kind}
        # The scheme was looked at above.
        request = urllib.request.Request(f"{self._api}{path}", content, headers, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS, context=self._tls) as answer:  # noqa: S310
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            fail(_words(error.read()))
        except (OSError, ValueError) as error:
            fail(f"no answer from {self._api}: {error}")

    def json(self, method: str, path: str, body: Any = None) -> Any:
        """The same, with a JSON answer."""
        return json.loads(self.ask(method, path, body))


@app.command()
def new(
    file: Annotated[Path, typer.Argument(help="The resident, YAML; docs/residents.md tells its fields.")],
    data: DataOption = DEFAULT_DATA,
    api: ApiOption = None,
    key_file: KeyOption = None,
    code: Annotated[
        Path | None, typer.Option(help="Its own program: a Python file, or an archive. For `mind: {kind: code}`.")
    ] = None,
    name: Annotated[str | None, typer.Option("--id", help="Instead of the id in the file.")] = None,
    json_: JsonOption = False,
) -> None:
    """Make a resident, and have it live in the town."""
    resident = _read(file, name)
    program = None if code is None else _program(resident, code)
    town = _Town(data, api, key_file)
    made = town.json("POST", "/me/residents", resident.model_dump(mode="json", by_alias=True, exclude_none=True))
    if program is not None and code is not None:
        town.ask(
            "PUT", f"/me/residents/{made['id']}/code?name={urllib.parse.quote(code.name)}", program, "application/octet-stream"
        )
        made = town.json("GET", f"/me/residents/{made['id']}")
    if json_:
        show_json(made)
    else:
        console.print(f"{made['name']} ({made['id']}) is registered: {made['status']}", markup=False)


@app.command("list")
def list_(data: DataOption = DEFAULT_DATA, api: ApiOption = None, key_file: KeyOption = None, json_: JsonOption = False) -> None:
    """List the residents of this account, and how they do."""
    residents = _Town(data, api, key_file).json("GET", "/me/residents")
    if json_:
        show_json({"items": residents})
        return
    for one in residents:
        mind = one["resident"]["mind"]["kind"]
        spent = one["spent"]["money_today"] / 1_000_000
        why = f"  {one['reason']}" if one["reason"] else ""
        console.print(f"{one['id']:<24} {one['status']:<12} {mind:<8} v{one['version']:<4} {spent:.4f} today{why}", markup=False)


@app.command()
def show(name: Name, data: DataOption = DEFAULT_DATA, api: ApiOption = None, key_file: KeyOption = None) -> None:
    """Write a resident as a file, to be changed or used again."""
    text = _Town(data, api, key_file).ask("GET", f"/me/residents/{urllib.parse.quote(name)}/export")
    console.print(text.decode(), markup=False, end="")


@app.command()
def logs(name: Name, data: DataOption = DEFAULT_DATA, api: ApiOption = None, key_file: KeyOption = None) -> None:
    """Show the end of what a resident's program wrote."""
    told = _Town(data, api, key_file).json("GET", f"/me/residents/{urllib.parse.quote(name)}/logs")
    console.print(told["text"], markup=False, end="")


@app.command()
def pause(name: Name, data: DataOption = DEFAULT_DATA, api: ApiOption = None, key_file: KeyOption = None) -> None:
    """Pause a resident; its spending stops at once."""
    _command(_Town(data, api, key_file), name, "pause")


@app.command()
def resume(name: Name, data: DataOption = DEFAULT_DATA, api: ApiOption = None, key_file: KeyOption = None) -> None:
    """Let a paused resident go on."""
    _command(_Town(data, api, key_file), name, "resume")


@app.command()
def restart(name: Name, data: DataOption = DEFAULT_DATA, api: ApiOption = None, key_file: KeyOption = None) -> None:
    """Start a resident anew, also one that is parked."""
    _command(_Town(data, api, key_file), name, "restart")


@app.command()
def delete(
    name: Name,
    data: DataOption = DEFAULT_DATA,
    api: ApiOption = None,
    key_file: KeyOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Delete a resident and everything of it, after telling what goes and what stays."""
    town = _Town(data, api, key_file)
    path = f"/me/residents/{urllib.parse.quote(name)}"
    told = town.json("GET", f"{path}/deletion")
    for heading, lines in (("goes", told["goes"]), ("stays", told["stays"])):
        console.print(f"{heading}:", markup=False)
        for line in lines:
            console.print(f"  {line}", markup=False)
    if not yes:
        typer.confirm(f"Delete {name}?", abort=True)
    town.ask("DELETE", path)
    console.print(f"{name} is deleted", markup=False)


def _command(town: _Town, name: str, command: str) -> None:
    one = town.json("POST", f"/me/residents/{urllib.parse.quote(name)}/commands", {"command": command})
    console.print(f"{one['id']}: {one['status']}", markup=False)


def _read(file: Path, name: str | None) -> Resident:
    """Read a resident's file; mistakes are told with file, line and column, and end the command."""
    try:
        resident = read(file.read_text(encoding="utf-8"))
        return resident if name is None else Resident.model_validate(resident.model_dump() | {"id": name})
    except FileError as error:
        fail("\n".join(f"{file}:{mistake}" for mistake in error.mistakes))
    except UnicodeDecodeError:
        fail(f"{file}:1:1: not UTF-8")
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    except ValueError:
        fail(f"--id {name}: 1 to 48 lower-case letters, digits, - and _, starting with a letter or digit")


def _program(resident: Resident, code: Path) -> bytes:
    if resident.mind.kind != "code":
        fail(f"--code is for a resident with `mind: {{kind: code}}`; this one's mind is {resident.mind.kind}")
    try:
        content = code.read_bytes()
        check(code.name, content)
    except OSError as error:
        fail(f"{code}: {error.strerror}")
    except ArchiveError as error:
        fail(f"{code}: {error}")
    return content


def _words(answer: bytes) -> str:
    try:
        problem = json.loads(answer)
        where = f" ({problem['path']})" if problem.get("path") else ""
        return f"{problem['detail']}{where}"
    except (ValueError, KeyError, TypeError):
        return f"the town refused: {answer[:200]!r}"

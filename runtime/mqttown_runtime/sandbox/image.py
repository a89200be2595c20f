"""The image that agents run in: a base with Python, and our SDK with what it needs. `python -m` this builds it."""

import contextlib
import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import docker
import docker.errors
import docker.models.images

__all__ = ["AGENT_IMAGE", "BASE_IMAGE", "ImageError", "agent_files", "build", "python_of"]

AGENT_IMAGE: Final = "mqttown/agent:latest"
BASE_IMAGE: Final = "mqttown/agent-base:bookworm"
_PACKAGES: Final = ("mqttown", "mqttown_contract", "mqttown_agents", "mqttown_runtime")
_LEFT_OUT: Final = ("__pycache__", "gateway", "sandbox", "supervision", "jailer.py", "doorkeeper.py", "__main__.py", "settings.py")
"""Of the runtime a resident needs its own half alone."""
_ROOTS: Final = ("aiomqtt", "pydantic", "jinja2", "py-trees", "structlog")
"""What the SDK and the built-in minds stand on; what these stand on is found by their metadata."""
_ROOTS_OF_MODELS: Final = ("jsonschema",)
"""The same for minds that think with a model, where the extra `models` is installed."""
_BASE_LABEL: Final = "town.mqttown.base"
_PYTHON_LABEL: Final = "town.mqttown.python"


class ImageError(RuntimeError):
    """The image can't be built; the message says why."""


def agent_files() -> Path:
    """Folder with `Dockerfile`, `base-image` and `seccomp.json`."""
    packaged = Path(__file__).with_name("image_files")
    return packaged if packaged.exists() else Path(__file__).parents[3] / "docker" / "agent"


def build(client: docker.DockerClient, *, base: str = BASE_IMAGE, tag: str = AGENT_IMAGE) -> str:
    """Build the image; quick if nothing has changed.

    Returns:
        The engine's id of it.

    Raises:
        ImageError: the base is not there, or something in it fails.
    """
    try:
        base_id = str(client.images.get(base).id)
    except docker.errors.ImageNotFound:
        raise ImageError(
            f"there is no image {base}: make it with {agent_files() / 'base-image'}, or pull one and name it"
        ) from None
    before = _there(client, tag)
    python = _python(client, base, base_id, before)
    with tempfile.TemporaryDirectory() as name:
        context = Path(name)
        shutil.copy(agent_files() / "Dockerfile", context)
        _fill(context / "site", python)
        labels = {_BASE_LABEL: base_id, _PYTHON_LABEL: python}
        try:
            image, _ = client.images.build(
                path=str(context),
                tag=tag,
                buildargs={"BASE": base},
                labels=labels,
                network_mode="none",
                rm=True,
                forcerm=True,
                pull=False,
            )
        except (docker.errors.BuildError, docker.errors.APIError) as error:
            raise ImageError(f"{tag} can't be built: {error}") from error
    if before is not None and before.id != image.id:
        with contextlib.suppress(docker.errors.APIError):  # containers may still be made from it
            client.images.remove(str(before.id))
    return str(image.id)


def python_of(client: docker.DockerClient) -> str:
    """The version of Python in the agents' image, like `3.11`."""
    return str(client.images.get(AGENT_IMAGE).labels[_PYTHON_LABEL])


def _there(client: docker.DockerClient, tag: str) -> docker.models.images.Image | None:
    try:
        return client.images.get(tag)
    except docker.errors.ImageNotFound:
        return None


def _python(client: docker.DockerClient, base: str, base_id: str, before: docker.models.images.Image | None) -> str:
    if before is not None and before.labels.get(_BASE_LABEL) == base_id:
        return str(before.labels[_PYTHON_LABEL])
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    told = client.containers.run(base, ["python3", "-c", program], remove=True, network_mode="none")
    return str(told.decode().strip())


def _fill(site: Path, python: str) -> None:
    """Put the SDK and what it needs into a folder; without network where the image's Python is ours."""
    site.mkdir()
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise ImageError(f"our own package {package} is not installed")
        shutil.copytree(Path(spec.origin).parent, site / package, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    if python == f"{sys.version_info.major}.{sys.version_info.minor}" and sys.platform == "linux":
        for name in _needed():
            _copy(importlib.metadata.distribution(name), site)
        return
    pins = [f"{name}=={importlib.metadata.version(name)}" for name in _needed()]
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
        "install",
        "--quiet",
        "--no-deps",
        "--no-compile",
    ]
    done = subprocess.run(
        [*pip, "--only-binary=:all:", "--python-version", python, "--target", str(site), *pins],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ImageError(f"wheels for Python {python} can't be had: {done.stderr.strip()[-800:]}")


def _needed() -> list[str]:
    """All packages that are needed, whatever is optional left out."""
    found: set[str] = set()
    waiting = list(_ROOTS)
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        waiting += [name for name in _ROOTS_OF_MODELS if importlib.metadata.version(name)]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        found.add(name)
        for need in importlib.metadata.requires(name) or ():
            wanted, _, marker = need.partition(";")
            if "extra" not in marker and "python_version <" not in marker and "win32" not in marker.lower():
                waiting.append(re.split(r"[^A-Za-z0-9._-]", wanted.strip(), maxsplit=1)[0])
    return sorted(found)


def _copy(distribution: importlib.metadata.Distribution, site: Path) -> None:
    for file in distribution.files or ():
        if ".." in file.parts or file.suffix == ".pyc":
            continue
        target = site / Path(*file.parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(str(distribution.locate_file(file)), target)


if __name__ == "__main__":
    sys.stdout.write(f"{AGENT_IMAGE} is {build(docker.from_env())}\n")

"""`python -m mqttown_runtime.sandbox.unpack NAME`: opens an owner's archive with no rights at all, and hands on what is sound.

The archive comes on standard input. On standard output goes one line of JSON, and behind it a plain archive of the same files. The
process that holds Docker's socket so never reads what an owner has made.
"""

import codecs
import json
import os
import resource
import subprocess
import sys
from typing import Final

import structlog

from mqttown.archive import MAX_BYTES, MAX_PACKED_BYTES, ArchiveError, check

__all__ = ["main", "unpack"]

log = structlog.get_logger(__name__)

_NOBODY: Final = 65534
_CPU_SECONDS: Final = 20
_MEMORY_BYTES: Final = 512 * 1024 * 1024
_TIMEOUT_SECONDS: Final = 60
_CODECS: Final = ("ascii", "cp437", "iso8859-1", "utf-8")


def unpack(name: str, content: bytes) -> tuple[tuple[str, ...], tuple[str, ...], bytes]:
    """Open an archive in a process of its own.

    Returns:
        How its code is run, what it needs from the package index, and its files as a plain tar.

    Raises:
        ArchiveError: it is not taken.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__, name],
            input=content,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            env={"PATH": os.environ.get("PATH", "")},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ArchiveError(f"it can't be opened within {_TIMEOUT_SECONDS} s") from None
    told, _, files = done.stdout.partition(b"\n")
    if done.returncode or not told:
        log.warning(
            "an archive could not be opened", name=name, code=done.returncode, error=done.stderr[-500:].decode(errors="replace")
        )
        raise ArchiveError(f"it can't be opened with {_CPU_SECONDS} s of processor time and {_MEMORY_BYTES >> 20} MiB of memory")
    answer = json.loads(told)
    if "error" in answer:
        raise ArchiveError(answer["error"])
    return tuple(answer["run"]), tuple(answer["needs"]), files


def _give_up_all_rights() -> None:
    for name in _CODECS:  # loaded now: later this process may not read where Python lies
        codecs.lookup(name)
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MAX_BYTES, 2 * MAX_BYTES))
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def main() -> int:
    """Open what comes in; the exit code is 0 also for an archive that is not taken, since that is an answer."""
    _give_up_all_rights()
    try:
        code = check(sys.argv[1], sys.stdin.buffer.read(MAX_PACKED_BYTES + 1))
    except ArchiveError as error:
        sys.stdout.write(json.dumps({"error": str(error)}) + "\n")
        return 0
    sys.stdout.write(json.dumps({"run": code.run, "needs": code.needs}) + "\n")
    sys.stdout.flush()
    sys.stdout.buffer.write(code.to_tar())
    return 0


if __name__ == "__main__":
    sys.exit(main())

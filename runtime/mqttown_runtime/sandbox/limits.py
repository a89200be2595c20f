"""What one container may use: the limits, and the range that each may lie in."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Limits"]


class Limits(BaseModel):
    """What one agent's container may use."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cpus: Annotated[float, Field(ge=0.5, le=2.0, description="Processors' worth of time.")] = 0.5
    memory_mib: Annotated[int, Field(ge=512, le=2048, description="MiB of memory; there is no swap beside it.")] = 512
    disk_mib: Annotated[int, Field(ge=64, le=1024, description="MiB of disk for memory and logs together.")] = 1024
    processes: Annotated[int, Field(ge=8, le=256, description="Processes and threads at once.")] = 64
    scratch_mib: Annotated[int, Field(ge=1, le=64, description="MiB of /tmp, which is memory; nothing there can be run.")] = 16
    open_files: Annotated[int, Field(ge=32, le=1024, description="Open files of one process.")] = 256

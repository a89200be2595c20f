"""The container section (5) of docker-bench-security (CIS Docker Benchmark), check by check, over what the engine says.

Two of its checks don't hold as they are written, on purpose: 5.14 wants a restart policy of at most five tries, and here the engine
restarts nothing: the warden does, with growing pauses, and says why. 5.26 wants a health check inside; here an agent is well if the
town hears it.
"""

from collections.abc import Callable
from typing import Any

import pytest

Look = dict[str, Any]

CHECKS: dict[str, Callable[[Look, Look], bool]] = {
    "5.3 capabilities are dropped": lambda host, seen: host["CapDrop"] == ["ALL"] and not host["CapAdd"],
    "5.4 not privileged": lambda host, seen: host["Privileged"] is False,
    "5.5 no sensitive host folder": lambda host, seen: (
        {mount["Destination"] for mount in seen["Mounts"]} == {"/agent/config", "/agent/memory", "/agent/logs"}
    ),
    "5.6 no SSH server": lambda host, seen: seen["Path"] == "python3",
    "5.7 no privileged port": lambda host, seen: not host["PortBindings"],
    "5.8 no open port": lambda host, seen: not seen["NetworkSettings"]["Ports"] and not host["PublishAllPorts"],
    "5.9 not the host's network": lambda host, seen: host["NetworkMode"] == "none",
    "5.10 memory is limited": lambda host, seen: 512 << 20 <= host["Memory"] <= 2048 << 20,
    "5.10b no swap beside it": lambda host, seen: host["MemorySwap"] == host["Memory"],
    "5.11 processors are shared": lambda host, seen: 0 < host["CpuShares"] < 1024 and 0.5e9 <= host["NanoCpus"] <= 2e9,
    "5.12 the root is read-only": lambda host, seen: host["ReadonlyRootfs"] is True,
    "5.13 bound to no wildcard address": lambda host, seen: not host["PortBindings"],
    "5.14 the engine restarts nothing": lambda host, seen: host["RestartPolicy"]["Name"] in {"", "no"},
    "5.15 not the host's processes": lambda host, seen: host["PidMode"] == "",
    "5.16 not the host's IPC": lambda host, seen: host["IpcMode"] == "none",
    "5.17 no device": lambda host, seen: not host["Devices"] and not host.get("DeviceRequests"),
    "5.18 limits of its own": lambda host, seen: {limit["Name"] for limit in host["Ulimits"]} >= {"nofile", "core"},
    "5.19 no shared mount": lambda host, seen: all(mount["Propagation"] in {"", "private", "rprivate"} for mount in seen["Mounts"]),
    "5.20 not the host's UTS": lambda host, seen: host["UTSMode"] == "",
    "5.21 seccomp is on, and ours": lambda host, seen: any(
        option.startswith("seccomp=") and "unconfined" not in option and '"SCMP_ACT_ERRNO"' in option
        for option in host["SecurityOpt"]
    ),
    "5.22 and 5.23 exec is not privileged": lambda host, seen: not seen["ExecIDs"],
    "5.24 its own control group": lambda host, seen: host["CgroupParent"] == "",
    "5.25 no new privileges": lambda host, seen: "no-new-privileges:true" in host["SecurityOpt"],
    "5.26 health is the warden's": lambda host, seen: seen["Config"]["Healthcheck"]["Test"] == ["NONE"],
    "5.27 the image is named whole": lambda host, seen: seen["Image"].startswith("sha256:"),
    "5.28 processes are limited": lambda host, seen: 0 < host["PidsLimit"] <= 256,
    "5.29 not the default bridge": lambda host, seen: set(seen["NetworkSettings"]["Networks"]) <= {"none"},
    "5.30 not the host's users": lambda host, seen: host["UsernsMode"] == "",
    "5.31 no engine's socket inside": lambda host, seen: not any("docker.sock" in mount["Source"] for mount in seen["Mounts"]),
    "4.1 a numeric user, not root": lambda host, seen: int(seen["Config"]["User"].split(":")[0]) >= 200_000,
    "configuration is read-only": lambda host, seen: (
        {mount["Destination"]: mount["RW"] for mount in seen["Mounts"]}["/agent/config"] is False
    ),
    "tmp is small and runs nothing": lambda host, seen: (
        {"noexec", "nosuid", "nodev", "size=16m"} <= set(host["Tmpfs"]["/tmp"].split(","))
    ),
    "kernel's files are masked": lambda host, seen: {"/proc/kcore", "/proc/keys", "/sys/firmware"} <= set(host["MaskedPaths"]),
    "logs are bounded": lambda host, seen: host["LogConfig"]["Config"]["max-size"] == "1m",
    "by the runtime that was asked for": lambda host, seen: host["Runtime"] == "runc",
    "goes before the town when memory is short": lambda host, seen: host["OomScoreAdj"] > 0 and host["OomKillDisable"] is not True,
}


@pytest.fixture(scope="module")
def seen(jail: Any) -> Look:
    return dict(jail.put("model-prisoner").container.attrs)


@pytest.mark.parametrize("check", CHECKS)
def test_section_five(seen: Look, check: str) -> None:
    assert CHECKS[check](seen["HostConfig"], seen), seen["HostConfig"]


def test_apparmor_where_the_host_has_it(jail: Any, seen: Look) -> None:
    has = any("apparmor" in option for option in jail.engine.client.info()["SecurityOptions"])
    assert seen["AppArmorProfile"] == ("docker-default" if has else "")  # 5.1

"""Hostile agents, one attempt each, in a real container: every attempt is refused by the kernel, and the refusal is named."""

import os
import platform
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PRELUDE = """
import ctypes, errno, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def syscall(number, *arguments):
    if libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]) == -1:
        raise OSError(ctypes.get_errno(), f"syscall {number}")
def tcp(host, port, family=socket.AF_INET):
    with socket.socket(family) as s:
        s.settimeout(3)
        s.connect((host, port))
def udp(host, port, family=socket.AF_INET):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.sendto(b"x", (host, port))
def write(path, text="x"):
    with open(path, "w") as file:
        file.write(text)
def attempt():
"""
AFTERWORD = """
try:
    attempt()
except socket.gaierror as error:
    print("refused", "gaierror")
except OSError as error:
    print("refused", errno.errorcode.get(error.errno, error.errno))
else:
    print("HARM")
"""

NAMESPACES = 0x10000000
NETWORK: dict[str, tuple[str, str]] = {
    "internet": ("tcp('1.1.1.1', 443)", "ENETUNREACH"),
    "internet by udp": ("udp('9.9.9.9', 443)", "ENETUNREACH"),
    "internet by IPv6": ("tcp('2606:4700:4700::1111', 443, socket.AF_INET6)", "ENETUNREACH EADDRNOTAVAIL"),
    "name service": ("socket.getaddrinfo('example.org', 443)", "gaierror"),
    "name server asked directly": ("udp('8.8.8.8', 53)", "ENETUNREACH"),
    "gateway": ("tcp('172.17.0.1', 22)", "ENETUNREACH"),
    "metadata service": ("tcp('169.254.169.254', 80)", "ENETUNREACH"),
    "private networks": ("tcp('10.0.0.1', 5432)", "ENETUNREACH"),
    "multicast": ("udp('224.0.0.1', 5353)", "ENETUNREACH"),
    "broadcast": (
        "s = socket.socket(type=2); s.setsockopt(1, socket.SO_BROADCAST, 1); s.sendto(b'x', ('255.255.255.255', 9))",
        "ENETUNREACH",
    ),
    "neighbour's port": ("tcp('127.0.0.1', 7000)", "ECONNREFUSED"),
    "neighbour's abstract socket": ("socket.socket(socket.AF_UNIX).connect('\\0neighbour')", "ECONNREFUSED"),
    "a server on the host": ("tcp('127.0.0.1', {host_port})", "ECONNREFUSED"),
    "Docker's socket": ("socket.socket(socket.AF_UNIX).connect('/var/run/docker.sock')", "ENOENT"),
    "raw socket": ("socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)", "EPERM"),
    "packet socket": ("socket.socket(socket.AF_PACKET, socket.SOCK_RAW)", "EPERM"),
    "netlink socket": ("socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)", "EPERM"),
    "host by vsock": ("socket.socket(40, socket.SOCK_STREAM)", "EPERM"),
    "kernel crypto socket": ("socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)", "EPERM"),
}
FILES: dict[str, tuple[str, str]] = {
    "host's file": ("open('{host_file}')", "ENOENT"),
    "neighbour's key by its path": ("open('{neighbour_key}')", "ENOENT"),
    "neighbour's memory by its path": ("open('{neighbour_memory}/secret')", "ENOENT"),
    "host's root through its first process": ("open('/proc/1/root{host_file}')", "ENOENT"),
    "write to the root": ("write('/x')", "EROFS EACCES"),
    "make itself a user": ("write('/etc/passwd')", "EROFS EACCES"),
    "change the SDK": ("write('/opt/mqttown/site/mqttown/agent.py')", "EROFS EACCES"),
    "change its credentials": ("write('/agent/config/agent.json')", "EROFS EACCES"),
    "plant a file in its configuration": ("write('/agent/config/more.json')", "EROFS EACCES"),
    "put another door in place": ("os.rename('/agent/config/agent.json', '/agent/config/broker.sock')", "EROFS EACCES"),
    "password hashes": ("open('/etc/shadow')", "EACCES"),
    "run what it wrote to /tmp": (
        "write('/tmp/x', '#!/bin/sh\\n'); os.chmod('/tmp/x', 0o755); os.execv('/tmp/x', ['x'])",
        "EACCES",
    ),
    "run what it wrote to its memory": (
        "write('/agent/memory/x', '#!/bin/sh\\n'); os.chmod('/agent/memory/x', 0o755); os.execv('/agent/memory/x', ['x'])",
        "EACCES",
    ),
    "run a file that is only in memory": ("os.memfd_create('x')", "EPERM"),
    "shared memory": ("write('/dev/shm/x')", "ENOENT EACCES EROFS"),
    "a file by its handle": ("syscall(304, -100, ctypes.create_string_buffer(64), 0)", "EPERM"),
    "host's disk": ("os.open('/dev/vda', os.O_RDONLY)", "ENOENT"),
    "make a device": ("os.mknod('/tmp/disk', 0o60666, os.makedev(254, 0))", "EPERM"),
    "physical memory": ("open('/dev/mem', 'rb')", "ENOENT"),
    "give a file to root": ("write('/tmp/mine'); os.chown('/tmp/mine', 0, 0)", "EPERM"),
}
KERNEL: dict[str, tuple[str, str]] = {
    "trace a process": ("syscall(101, 16, 1, 0, 0)", "EPERM"),
    "be traced": ("syscall(101, 0, 0, 0, 0)", "EPERM"),
    "read another process's memory": ("syscall(310, 1, 0, 0, 0, 0, 0)", "EPERM"),
    "copy another process's file": ("syscall(438, 0, 0, 0)", "EPERM"),
    "mount": ("syscall(165, b'none', b'/tmp', b'tmpfs', 0, 0)", "EPERM"),
    "unmount its configuration": ("syscall(166, b'/agent/config', 0)", "EPERM"),
    "mount by the new calls": ("syscall(430, b'tmpfs', 0)", "EPERM"),
    "another root": ("os.chroot('/tmp')", "EPERM"),
    "pivot the root": ("syscall(155, b'/', b'/tmp')", "EPERM"),
    "user namespace": (f"syscall(272, {NAMESPACES})", "EPERM"),
    "user namespace by clone": (f"syscall(56, {NAMESPACES} | 17, 0, 0, 0, 0)", "EPERM"),
    "user namespace by clone3": ("syscall(435, ctypes.create_string_buffer(88), 88)", "ENOSYS"),
    "enter a namespace": ("syscall(308, os.open('/proc/1/ns/net', os.O_RDONLY), 0)", "EPERM"),
    "add to the keyring": ("syscall(248, b'user', b'x', b'y', 1, -3)", "EPERM"),
    "read the keyring": ("syscall(250, 11, -3, 0, 0, 0)", "EPERM"),
    "request a key": ("syscall(249, b'user', b'x', 0, -3)", "EPERM"),
    "load a BPF program": ("syscall(321, 5, 0, 0)", "EPERM"),
    "performance events": ("syscall(298, 0, 0, -1, -1, 0)", "EPERM"),
    "userfaultfd": ("syscall(323, 0)", "EPERM"),
    "io_uring": ("syscall(425, 8, ctypes.create_string_buffer(120))", "EPERM"),
    "load a module": ("syscall(313, 0, b'', 0)", "EPERM"),
    "another kernel": ("syscall(246, 0, 0, 0, 0)", "EPERM"),
    "reboot": ("syscall(169, 0xfee1dead, 672274793, 0, 0)", "EPERM"),
    "set the clock": ("import time; time.clock_settime(time.CLOCK_REALTIME, 0)", "EPERM"),
    "rename the host": ("socket.sethostname('mine')", "EPERM"),
    "kernel's log": ("syscall(103, 3, ctypes.create_string_buffer(64), 64)", "EPERM"),
    "shared memory segments": ("syscall(29, 1, 4096, 0o1600)", "EPERM"),
    "become root": ("os.setuid(0)", "EPERM"),
    "become its neighbour": ("os.setuid({neighbour_number})", "EPERM"),
    "take a capability": (
        "syscall(126, (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(*[0xffffffff] * 6))",
        "EPERM",
    ),
    "real-time priority": ("os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))", "EPERM"),
    "go before others": ("os.setpriority(os.PRIO_PROCESS, 0, -20)", "EPERM EACCES"),
    "raise its limit of files": (
        "syscall(160, 7, (ctypes.c_uint64 * 2)(65536, 65536))",
        "EPERM",
    ),
    "never be the one that is killed": ("write('/proc/self/oom_score_adj', '-1000')", "EACCES EPERM"),
    "core dumps into a program": ("write('/proc/sys/kernel/core_pattern', '|/agent/memory/x')", "EROFS EACCES"),
    "magic keys": ("write('/proc/sysrq-trigger', 'b')", "EROFS EACCES ENOENT"),
    "kernel's memory": (
        "text = open('/proc/kcore', 'rb').read(1)\n    if not text: raise PermissionError(errno.EACCES, 'there is nothing in it')",
        "EACCES EPERM ENOENT",
    ),
    "raise its own limits": ("write('/sys/fs/cgroup/memory/memory.limit_in_bytes', '-1')", "EROFS EACCES ENOENT"),
    "raise its own limits, version 2": ("write('/sys/fs/cgroup/memory.max', 'max')", "EROFS EACCES ENOENT"),
    "program on release of a group": ("write('/sys/fs/cgroup/memory/release_agent', '/x')", "EROFS EACCES ENOENT"),
    "firmware": ("write('/sys/firmware/x')", "EROFS EACCES"),
    "end a process of the host": ("os.kill({host_process}, 9)", "ESRCH"),
}


@dataclass
class Street:
    """A hostile agent, its neighbour with a secret and a server, and a host with the same."""

    spy: Any
    neighbour: Any
    facts: dict[str, Any]


NEIGHBOUR = """
import socket, time
open('/agent/memory/secret', 'w').write('the neighbour loves nobody')
t = socket.create_server(('0.0.0.0', 7000))
u = socket.socket(socket.AF_UNIX); u.bind('\\0neighbour'); u.listen()
print('ready', flush=True)
time.sleep(3600)
"""


@pytest.fixture(scope="module")
def street(jail: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    secret = tmp_path_factory.mktemp("host") / "secret"
    secret.write_text("the host's")
    secret.chmod(0o644)
    neighbour = jail.put("neighbour", NEIGHBOUR)
    spy = jail.put("spy")
    with socket.create_server(("127.0.0.1", 0)) as server:
        facts = {
            "host_port": server.getsockname()[1],
            "host_file": str(secret),
            "host_process": os.getpid(),
            "neighbour_key": str(neighbour.cell.config / "agent.json"),
            "neighbour_memory": str(neighbour.cell.memory),
            "neighbour_number": neighbour.cell.number,
        }
        assert Path(facts["neighbour_key"]).exists()
        neighbour.says("ready")
        yield Street(spy, neighbour, facts)


@pytest.mark.parametrize("what", [*NETWORK, *FILES, *KERNEL])
def test_one_attempt(street: Street, what: str) -> None:
    if what in KERNEL and platform.machine() != "x86_64":
        pytest.skip("the numbers of system calls are those of x86-64")
    attempt, refusals = {**NETWORK, **FILES, **KERNEL}[what]
    for name, fact in street.facts.items():
        attempt = attempt.replace(f"{{{name}}}", str(fact))
    code, written = street.spy.does(f"{PRELUDE}    {attempt}\n{AFTERWORD}")
    assert code == 0, written
    words = written.split()
    assert words[0] == "refused", written
    assert words[1] in refusals.split(), written


def test_the_neighbour_lives_untouched(street: Street) -> None:
    code, written = street.neighbour.does(
        "import socket; socket.create_connection(('127.0.0.1', 7000)); print(open('/agent/memory/secret').read())"
    )
    assert (code, written.strip()) == (0, "the neighbour loves nobody")


def test_it_sees_its_own_processes_alone(street: Street) -> None:
    code, written = street.spy.does("import os; print(*[n for n in os.listdir('/proc') if n.isdigit()])")
    assert code == 0
    assert "1" in written.split()
    assert len(written.split()) <= 4


def test_it_sees_loopback_alone(street: Street) -> None:
    code, written = street.spy.does("import os; print(*os.listdir('/sys/class/net')); print(open('/proc/net/route').read())")
    names, *routes = written.strip().splitlines()
    assert (code, set(names.split()) - {"tunl0", "sit0", "ip6tnl0", "bonding_masters", "dummy0", "gre0", "gretap0", "erspan0"}) == (
        0,
        {"lo"},
    )
    assert len(routes) <= 1  # the heading


def test_no_program_gives_it_another_user(street: Street) -> None:
    code, written = street.spy.does(
        "import os, stat\n"
        "for folder, _, names in os.walk('/', onerror=None):\n"
        "    if folder.startswith(('/proc', '/sys')): continue\n"
        "    for name in names:\n"
        "        path = os.path.join(folder, name)\n"
        "        mode = os.lstat(path).st_mode\n"
        "        if stat.S_ISREG(mode) and mode & 0o6000: print(path)\n"
    )
    assert (code, written) == (0, "")


def test_nobody_elses_key_is_anywhere(street: Street) -> None:
    code, written = street.spy.does(
        "import os\n"
        "found = []\n"
        "for folder, _, names in os.walk('/'):\n"
        "    if folder.startswith('/sys') or (folder.startswith('/proc/') and folder.count('/') > 2): continue\n"
        "    for name in [*names, *(['environ', 'cmdline'] if folder.startswith('/proc/') else [])]:\n"
        "        path = os.path.join(folder, name)\n"
        "        if path in ('/proc/kmsg', '/proc/kcore') or not os.path.isfile(path): continue\n"
        "        try:\n"
        "            text = open(path, 'rb').read(4_000_000)\n"
        "        except OSError: continue\n"
        "        found += [path] if b'key-of-' in text else []\n"
        "        assert b'key-of-' + b'neighbour' not in text, path\n"
        "print(*[path for path in found if not path.startswith('/proc')])\n"
    )
    assert (code, written.split()) == (0, ["/agent/config/agent.json"])


def test_it_is_told_nothing_of_the_operators_environment(street: Street) -> None:
    code, written = street.spy.does("import os; print(*sorted(os.environ))")
    assert code == 0
    assert set(written.split()) <= {
        "GPG_KEY",
        "HOME",
        "HOSTNAME",
        "LANG",
        "LC_CTYPE",
        "MQTTOWN_CREDENTIALS",
        "PATH",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONPATH",
        "PYTHONUNBUFFERED",
        "PYTHON_SHA256",
        "PYTHON_VERSION",
    }


def test_no_capability_and_no_new_privilege(street: Street) -> None:
    code, written = street.spy.does("print(open('/proc/self/status').read())")
    status = dict(line.split(":\t", 1) for line in written.splitlines() if ":\t" in line)
    assert code == 0
    assert [status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")] == ["0000000000000000"] * 5
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert set(status["Uid"].split()) == {str(street.spy.cell.number)}

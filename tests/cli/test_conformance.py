"""The kit judges our own examples, in four languages, and a deliberately bad agent. All plays run at once: they mostly wait."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mqttown_cli.conformance.packets import PacketError, PacketReader
from mqttown_cli.conformance.report import Report
from mqttown_cli.conformance.rules import AGENT_RULES, TOWN_RULES

ROOT = Path(__file__).parents[2]
MQTTOWN = str(Path(sys.executable).parent / "mqttown")
PLAY_SECONDS = 200
pytestmark = pytest.mark.timeout(240)


class Plays:
    """Plays by name, each in a process of its own."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._told: dict[str, tuple[int, dict[str, Any]]] = {}

    def begin(self, name: str, command: str, *options: str) -> None:
        arguments = [MQTTOWN, "conformance", "--json", "--agent-cmd", command, *options]
        self._running[name] = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def result(self, name: str) -> tuple[int, dict[str, Any]]:
        """Exit code and report."""
        if name not in self._told:
            process = self._running[name]
            said, errors = process.communicate(timeout=PLAY_SECONDS)
            assert said, errors
            self._told[name] = process.returncode, json.loads(said)
        return self._told[name]

    def end(self) -> None:
        for process in self._running.values():
            if process.poll() is None:
                process.terminate()
                process.communicate()


@pytest.fixture(scope="module")
def citizen_in_c(tmp_path_factory: pytest.TempPathFactory) -> str | None:
    """The C example, compiled as its first lines say; None where there is no compiler or library."""
    if shutil.which("cc") is None or not Path("/usr/include/mosquitto.h").exists():
        return None
    program = tmp_path_factory.mktemp("c") / "citizen"
    source = ROOT / "examples" / "c" / "citizen.c"
    done = subprocess.run(
        ["cc", "-Wall", "-Wextra", "-Werror", "-o", program, source, "-lmosquitto"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return str(program)


@pytest.fixture(scope="module")
def shell_block(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The README's shell, in a folder where `.mqttown` is what the kit gives it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = text.partition("<!-- test: shell -->\n```sh\n")[2].partition("```")[0]
    folder = tmp_path_factory.mktemp("shell")
    (folder / "kai.sh").write_text(f'cd {folder}\nln -sfn "$MQTTOWN_DATA" .mqttown\n{block}', encoding="utf-8")
    return f"sh {folder / 'kai.sh'}"


@pytest.fixture(scope="module")
def plays(
    node: str, node_modules: Path, citizen_in_c: str | None, shell_block: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plays]:
    """All plays, begun at once."""
    found = Plays()
    javascript = tmp_path_factory.mktemp("javascript")
    shutil.copy(ROOT / "examples" / "javascript" / "citizen.mjs", javascript)
    (javascript / "node_modules").symlink_to(node_modules)
    sinner = f"{sys.executable} {Path(__file__).parent / 'agents' / 'sinner.py'}"
    found.begin("python", f"{sys.executable} {ROOT / 'examples' / 'mira.py'}", "--name", "mira")
    found.begin("javascript", f"{node} {javascript / 'citizen.mjs'}")
    if citizen_in_c is not None:
        found.begin("c", citizen_in_c)
    few = ("first actions", "cafe")
    found.begin("shell", shell_block, "--name", "kai", *(f"--scene={scene}" for scene in few), "--patience", "12")
    found.begin("sinner", sinner, "--patience", "4")
    found.begin("impostor", f"{sinner} client-id", "--patience", "2")
    found.begin("nobody", f"{sys.executable} -c 'import sys; sys.exit(7)'")
    yield found
    found.end()


def assert_conforms(code: int, report: dict[str, Any]) -> None:
    told = [(rule["id"], rule["detail"], rule["evidence"]) for rule in report["rules"] if rule["outcome"] != "pass"]
    assert (code, report["ok"], report["broken"], report["warned"]) == (0, True, [], []), told
    assert [rule["id"] for rule in report["rules"] if rule["outcome"] == "not shown"] == []


def test_our_python_conforms_in_every_rule(plays: Plays) -> None:
    assert_conforms(*plays.result("python"))


def test_our_javascript_conforms_in_every_rule(plays: Plays) -> None:
    assert_conforms(*plays.result("javascript"))


def test_our_c_conforms_in_every_rule(plays: Plays, citizen_in_c: str | None, missing: Callable[[str], None]) -> None:
    if citizen_in_c is None:
        missing("no C compiler, or no libmosquitto (Debian's packages gcc and libmosquitto-dev)")
    assert_conforms(*plays.result("c"))


def test_a_shell_script_breaks_no_rule_that_it_shows(plays: Plays, mosquitto: None) -> None:
    code, report = plays.result("shell")
    assert (code, report["broken"]) == (0, [])
    passed = {rule["id"] for rule in report["rules"] if rule["outcome"] == "pass"}
    assert {"connect.client_id", "subscribe.own", "hello.first", "action.well_formed", "action.fresh_id"} <= passed
    assert report["warned"] == ["connect.will", "action.observation"], "mosquitto_sub has no Will here; the kit says so"


def test_a_bad_agent_is_told_each_of_its_sins_with_sentence_and_evidence(plays: Plays) -> None:
    code, report = plays.result("sinner")
    assert code == 1
    wrong = {rule["id"]: rule for rule in report["rules"] if rule["outcome"] == "fail"}
    musts = {
        "subscribe.granted", "publish.granted", "hello.first", "hello.well_formed", "action.well_formed", "action.verb",
        "action.fresh_id", "action.eight",
    }  # fmt: skip
    assert musts <= set(report["broken"])
    shoulds = {
        "connect.will",
        "subscribe.qos",
        "publish.retain",
        "hello.rate",
        "action.observation",
        "duplicate.once",
        "resend.again",
    }
    assert shoulds <= set(report["warned"])
    assert "somebody" not in json.dumps(wrong)
    assert '"id": "half"' in " ".join(wrong["action.well_formed"]["evidence"])
    assert wrong["action.eight"]["detail"].split()[0].isdecimal()
    assert all(rule["sentence"] for rule in wrong.values())
    assert [rule["id"] for rule in report["rules"] if rule["outcome"] == "pass" and rule["id"] in musts | shoulds] == []


def test_a_crash_is_told_with_its_scene_and_code(plays: Plays) -> None:
    _, report = plays.result("sinner")
    assert "junk.survives" in report["broken"]
    assert any("ended itself with code 3 in scene 'junk'" in remark for remark in report["remarks"])


def test_another_client_id_is_found_where_no_broker_would_say_why(plays: Plays) -> None:
    code, report = plays.result("impostor")
    assert code == 1
    assert "connect.client_id" in report["broken"]
    detail = next(rule["detail"] for rule in report["rules"] if rule["id"] == "connect.client_id")
    assert "client id 'somebody-else', user name 'guest'" in detail


def test_a_program_that_ends_at_once_is_told(plays: Plays) -> None:
    code, report = plays.result("nobody")
    assert (code, report["broken"]) == (1, ["connect.arrives"])
    assert "the program ended with code 7" in report["rules"][0]["detail"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "give either --agent-cmd or --town"),
        (["--agent-cmd", "x", "--town", "mqtt://h"], "give either --agent-cmd or --town"),
        (["--town", "mqtt://h"], "--town needs --credentials FILE"),
        (["--agent-cmd", "no-such-program"], "no-such-program: [Errno 2]"),
        (["--agent-cmd", "true", "--scene", "act five"], "there is no scene 'act five'; there are arrival, first actions"),
        (["--agent-cmd", "true", "--name", "No!"], "'No!' is no id of an agent"),
        (["--town", "mqtt://127.0.0.1:1", "--credentials", "nowhere.json"], "no credentials in nowhere.json"),
    ],
)
def test_what_is_asked_wrongly_is_told_in_a_sentence(arguments: list[str], sentence: str) -> None:
    done = subprocess.run([MQTTOWN, "conformance", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_each_rule_quotes_its_page() -> None:
    for rule in (*AGENT_RULES.values(), *TOWN_RULES.values()):
        page = " ".join((ROOT / "docs" / rule.page).read_text(encoding="utf-8").split())
        assert " ".join(rule.sentence.split()) in page, rule.id


def test_a_failure_stays_one_and_only_a_must_counts() -> None:
    report = Report("x", AGENT_RULES)
    report.failed("connect.will", "none")
    assert report.ok
    report.failed("hello.first", "too late", b"{}")
    report.passed("hello.first")
    assert not report.ok
    assert report.to_json()["broken"] == ["hello.first"]
    assert report.to_json()["warned"] == ["connect.will"]


CONNECT = bytes.fromhex("101000044d5154540402003c00046d697261")


@pytest.mark.parametrize("slice_", [1, 2, 5, 100])
def test_packets_are_read_in_any_slices_plain_and_in_frames(slice_: int) -> None:
    publish = b"\x30\x05\x00\x01a{}" + b"\x30\x8a\x01\x00\x01b" + b"x" * 135
    framed = b"GET /mqtt HTTP/1.1\r\nHost: x\r\n\r\n" + _frame(CONNECT) + _frame(publish[:9]) + _frame(publish[9:])
    for data in (CONNECT + publish, framed):
        reader = PacketReader()
        found = [packet for at in range(0, len(data), slice_) for packet in reader.feed(data[at : at + slice_])]
        assert [packet.name for packet in found] == ["CONNECT", "PUBLISH", "PUBLISH"]
        assert (found[0].fields["client_id"], found[0].fields["level"]) == ("mira", 4)
        assert (found[1].fields["topic"], found[1].fields["payload"]) == ("a", b"{}")
        assert found[2].fields["payload"] == b"x" * 135


@pytest.mark.parametrize("data", [b"\x00\x00", b"\x10\x02\x00\x09", b"\x30\x01\x00", b"\x30\xff\xff\xff\xff\xff\x01"])
def test_what_is_no_mqtt_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(PacketError):
        PacketReader().feed(data)


def _frame(data: bytes) -> bytes:
    """A masked binary WebSocket frame."""
    mask = b"\x01\x02\x03\x04"
    length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2)
    return b"\x82" + length + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(data))


@pytest.fixture
def mosquitto(missing: Callable[[str], None]) -> None:
    """`mosquitto_sub` and `mosquitto_pub`."""
    if shutil.which("mosquitto_sub") is None:
        missing("mosquitto_sub is not installed (Debian's package mosquitto-clients)")

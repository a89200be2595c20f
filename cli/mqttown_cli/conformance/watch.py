"""What is judged all the time, whatever is played: connections, subscriptions, and every payload that an agent sends."""

import json
from typing import Any, Final

from pydantic import ValidationError

from mqttown_broker.grants import Grants
from mqttown_cli.conformance.report import Report
from mqttown_cli.conformance.tap import Passed
from mqttown_cli.conformance.town import PlayedTown
from mqttown_contract import topics
from mqttown_contract.messages import Action, AgentStatus, Hello
from mqttown_contract.types import MAX_PAYLOAD_BYTES, MAX_UNDECIDED
from mqttown_contract.verbs import VERBS

__all__ = ["Watch"]

_V311: Final = 4
_HELLOS_APART: Final = 0.9
"""Seconds; a little less than one, since clocks are read at two ends."""
_LATE: Final = 1.0
"""Seconds after its verdict within which a resend may still have been on its way."""


class Watch:
    """Judges packets as they pass.

    Args:
        town: that is played.
        user: the agent's user name.
        grants: of the agent.
        report: where it goes.
    """

    def __init__(self, town: PlayedTown, user: str, grants: Grants, report: Report) -> None:
        self._town = town
        self._user = user
        self._grants = grants
        self._report = report
        self._first: dict[str, tuple[bytes, Any]] = {}
        self._last_hello = float("-inf")
        self._will_session: str | None = None

    def hear(self, passed: Passed) -> None:
        """Judge one packet."""
        if passed.sender != "agent":
            return
        fields = passed.packet.fields
        if passed.packet.name == "CONNECT":
            self._connect(fields)
        elif passed.packet.name == "SUBSCRIBE":
            self._subscribe(fields["filters"])
        elif passed.packet.name == "PUBLISH":
            self._publish(passed.at, fields)

    def _connect(self, fields: dict[str, Any]) -> None:
        report = self._report
        report.passed("connect.arrives")
        level = fields["level"]
        if not report.check("connect.protocol", level == _V311, f"protocol level {level} is not 4 (MQTT 3.1.1)"):
            return
        client, name = fields["client_id"], fields.get("username")
        own = name is not None and name.partition("~")[0] == self._user
        detail = f"client id {client!r}, user name {name!r}; the user name is {self._user!r}"
        report.check("connect.client_id", own and client == name, detail)
        topic = fields.get("will_topic")
        if topic is None:
            report.failed("connect.will", "no Will in CONNECT: when it vanishes, the town does not learn of it")
            return
        wanted = topics.agent_out(self._town.town, self._town.district, self._town.agent, "status")
        try:
            status = AgentStatus.model_validate_json(fields["will_payload"])
        except ValidationError as error:
            report.failed("connect.will", f"its payload is no status: {error.errors()[0]['msg']}", fields["will_payload"])
            return
        detail = f"the Will is {status.status!r} on {topic}; it should be 'offline' on {wanted}"
        report.check("connect.will", topic == wanted and status.status == "offline", detail, fields["will_payload"])
        self._will_session = status.session

    def _subscribe(self, filters: list[tuple[str, int]]) -> None:
        town = self._town
        own = topics.agent_in(town.town, town.district, town.agent, "observation")
        for name, qos in filters:
            granted = self._grants.may_subscribe(name)
            self._report.check("subscribe.granted", granted, f"{name} is beyond its grant", f"SUBSCRIBE {name}")
            self._report.check("subscribe.qos", qos == 0, f"QoS {qos} for {name}", f"SUBSCRIBE {name} at QoS {qos}")
            if name == own or (granted and name.endswith(("/in/+", "/in/#"))):
                self._report.passed("subscribe.own", "", f"SUBSCRIBE {name}")

    def _publish(self, at: float, fields: dict[str, Any]) -> None:
        report, topic, payload = self._report, fields["topic"], fields["payload"]
        kept = self._grants.may_publish(topic)
        report.check("publish.granted", kept, f"{topic} is beyond its grant: the broker drops it", f"PUBLISH {topic}")
        size = len(payload)
        report.check("publish.size", size <= MAX_PAYLOAD_BYTES, f"{size:,} bytes on {topic}")
        report.check("publish.retain", not fields["retain"], f"retained on {topic}")
        channel = topic.rpartition("/")[2]
        if kept and channel == "hello":
            self._hello(at, payload)
        elif kept and channel == "action":
            self._action(at, payload)

    def _hello(self, at: float, payload: bytes) -> None:
        report = self._report
        if self._last_hello == float("-inf"):
            listens = report.findings["subscribe.own"].outcome == "pass"
            report.check("hello.first", listens, "hello was said before anything of in/ was subscribed to", payload)
        try:
            hello = Hello.model_validate_json(payload)
        except ValidationError as error:
            first = error.errors()[0]
            report.failed("hello.well_formed", f"{'.'.join(map(str, first['loc'])) or 'payload'}: {first['msg']}", payload)
        else:
            report.passed("hello.well_formed", "", payload)
            if self._will_session is not None:
                detail = f"the Will says {self._will_session!r}, hello says {hello.session!r}: the Will would be ignored"
                report.check("connect.session", self._will_session == hello.session, detail, payload)
        apart = at - self._last_hello
        report.check("hello.rate", apart >= _HELLOS_APART, f"two hellos {apart:.2f} s apart", payload)
        self._last_hello = at

    def _action(self, at: float, payload: bytes) -> None:
        report = self._report
        report.passed("action.acts")
        try:
            action = Action.model_validate(json.loads(payload))
        except ValidationError as error:
            first = error.errors()[0]
            report.failed("action.well_formed", f"{'.'.join(map(str, first['loc'])) or 'payload'}: {first['msg']}", payload)
            return
        except ValueError as error:
            report.failed("action.well_formed", f"no JSON: {error}", payload)
            return
        report.passed("action.well_formed")
        self._verb(action, payload)
        detail = "it names no observation_id"
        report.check("action.observation", action.observation_id is not None, detail, payload)
        self._identity(at, action, payload)
        waiting = len(self._town.undecided.keys() | {action.id})
        report.check("action.eight", waiting <= MAX_UNDECIDED, f"{waiting} actions undecided", payload)

    def _verb(self, action: Action, payload: bytes) -> None:
        verb = VERBS.get(action.action)
        if verb is None:
            self._report.failed("action.verb", f"there is no verb {action.action!r}", payload)
            return
        try:
            verb.parameters.model_validate(action.parameters)
        except ValidationError as error:
            first = error.errors()[0]
            self._report.failed("action.verb", f"parameters.{'.'.join(map(str, first['loc']))}: {first['msg']}", payload)
        else:
            self._report.passed("action.verb")

    def _identity(self, at: float, action: Action, payload: bytes) -> None:
        """The same id is the same action, sent again; once it is decided, there is no need to."""
        meaning = (action.action, action.parameters)
        known = self._first.setdefault(action.id, (payload, meaning))
        decided = self._town.decided.get(action.id)
        if known[0] is payload:
            self._report.passed("action.fresh_id")
        elif known[1] != meaning:
            self._report.failed("action.fresh_id", f"id {action.id!r} stands for two actions", known[0], payload)
        elif known[0] != payload:
            self._report.failed("resend.same", "the bytes differ from those sent first", known[0], payload)
        elif decided is not None and at - decided[0] > _LATE:
            detail = f"id {action.id!r} was sent again {at - decided[0]:.1f} s after its verdict: it has no effect"
            self._report.failed("action.fresh_id", detail, payload)
        else:
            self._report.passed("resend.same", "", payload)

"""Programs to begin with: how a new agent comes into the town in Python, JavaScript and a shell, ready to be pasted and run."""

import json
import shlex

from mqttown_dashboard.forms import Credentials, Snippets

__all__ = ["snippets_of"]


def snippets_of(known: Credentials) -> Snippets:
    """The programs, with the credentials in them: whoever has one has the key."""
    return Snippets(python=_python(known), javascript=_javascript(known), shell=_shell(known))


def _python(known: Credentials) -> str:
    fields = ("username", "password", "town", "district", "host", "port", "ca")
    given = "".join(f"    {name}={getattr(known, name)!r},\n" for name in fields if getattr(known, name) is not None)
    return f"""# pip install mqttown
from mqttown import Agent, Credentials

agent = Agent(credentials=Credentials(
{given}))


@agent.on_observation
async def live(me, observation):
    print(observation.tick, observation.own.doing, observation.location.district)
    if observation.own.doing == "idle":
        await me.do("wait", ticks=10)


agent.run()
"""


def _javascript(known: Credentials) -> str:
    return f"""// npm install mqtt
import mqtt from "mqtt";

const client = mqtt.connect({json.dumps(known.ws_url)}, {{
  username: {json.dumps(known.username)}, clientId: {json.dumps(known.client_id)}, protocolVersion: 4,
  password: {json.dumps(known.password)},
}});
const told = {json.dumps(known.topics.in_)}, hello = {json.dumps(known.topics.hello)};
client.on("connect", () => client.subscribe(told, () => client.publish(hello, "{{}}")));
client.on("message", (topic, payload) => console.log(topic.split("/").pop(), JSON.parse(payload)));
"""


def _shell(known: Credentials) -> str:
    trust = "" if known.ca is None else " --tls-use-os-certs" if known.ca == "system" else f" --cafile {shlex.quote(known.ca)}"
    door = f"-h {shlex.quote(known.host)} -p {known.port}{trust} -P {shlex.quote(known.password)}"
    name = shlex.quote(known.username)
    return f"""# Debian: apt-get install mosquitto-clients
mosquitto_sub {door} -u {name} -i {name} -v -t {shlex.quote(known.topics.in_)} &
sleep 2
mosquitto_pub {door} -u {name}'~pub' -i {name}'~pub' -t {shlex.quote(known.topics.hello)} -m '{{}}'
wait
"""

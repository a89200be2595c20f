// A citizen with all the manners of docs/wire.md, in one file with MQTT.js. Credentials: MQTTOWN_CREDENTIALS names the file.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import mqtt from "mqtt";

const me = JSON.parse(readFileSync(process.env.MQTTOWN_CREDENTIALS ?? process.argv[2]));
const world = me.topics.in.split("/agent/")[0] + "/world/status";
const session = randomUUID();
const undecided = new Map(); // id to {payload, timer}
let seen = 0, // newest unbroken seq
  generation = 0,
  heldUntil = 0, // rate_limited: nothing is sent before
  lastHello = 0,
  gap = null,
  greeting = null;

const client = mqtt.connect(me.ws_url, {
  username: me.username, clientId: me.client_id, password: me.password, protocolVersion: 4, clean: true,
  reconnectPeriod: 1000 + Math.random() * 2000, // a broker holds back who returns within a second
  will: { topic: me.topics.status, payload: JSON.stringify({ status: "offline", session }), qos: 1 },
});

function hello() {
  if (greeting) return;
  greeting = setTimeout(() => {
    greeting = null;
    lastHello = Date.now();
    seen = 0;
    client.publish(me.topics.hello, JSON.stringify({ session }));
  }, Math.max(0, lastHello + 1000 - Date.now()));
}

function act(observation, action, parameters) {
  if (undecided.size >= 8 || Date.now() < heldUntil) return;
  const id = randomUUID();
  const payload = JSON.stringify({ id, action, parameters, observation_id: observation.id, traceparent: observation.traceparent });
  const send = () => client.publish(me.topics.action, payload, { qos: 1 });
  undecided.set(id, { send, timer: setInterval(send, 5000) }); // no verdict within five seconds: the same bytes again
  send();
}

function count(message) {
  if (!Number.isInteger(message.seq) || !Number.isInteger(message.generation)) throw new TypeError("no numbers");
  if (message.generation > generation) generation = message.generation;
  if (message.seq === 1) seen = 0;
  if (message.seq <= seen) return false; // it came twice
  if (message.seq > seen + 1 && !gap) gap = setTimeout(() => ((gap = null), hello()), 1000);
  seen = message.seq;
  return true;
}

function judged({ action_id, status, code, detail, retry_after }) {
  clearInterval(undecided.get(action_id)?.timer);
  undecided.delete(action_id);
  console.log(action_id, status, code ?? "", detail ?? "");
  if (code === "rate_limited" && retry_after) heldUntil = Date.now() + retry_after * 1000;
}

function live(message) {
  const { self, location, messages } = message.observation;
  const heard = messages?.at(-1);
  if (heard) act(message, "say", { text: `Nice to meet you, ${heard.from}.`, to: [heard.from] });
  else if (location.here?.kind === "cafe") act(message, "wait", { ticks: 10 });
  else if (self.doing === "idle") {
    const cafe = location.nearby.find((near) => near.kind === "cafe" && near.open);
    if (cafe) act(message, "move_to", { to: cafe.id });
    else act(message, "wait", { ticks: 10 });
  }
}

client.on("connect", () => client.subscribe([me.topics.in, world], { qos: 0 }, hello));
client.on("error", (error) => console.error(error.message));
client.on("message", (topic, payload) => {
  try {
    const message = JSON.parse(payload);
    if (topic === world) {
      const reborn = generation && message.generation > generation;
      generation = Math.max(generation, message.generation);
      if (reborn) hello(), undecided.forEach(({ send }) => send());
    } else if (topic.endsWith("/verdict")) {
      count(message);
      judged(message);
    } else if (topic.endsWith("/observation") && count(message)) live(message);
    else if (topic.endsWith("/notice")) count(message);
  } catch (error) {
    console.error(topic, "is not as the contract says:", error.message); // and does no harm
  }
});
process.once("SIGTERM", () => {
  client.publish(me.topics.status, JSON.stringify({ status: "offline", session }), { qos: 1 }, () => process.exit(0));
  setTimeout(() => process.exit(0), 1000);
});

"""An agent that does wrong what can be done wrong, by paho; `honest` says which sins it leaves out."""

import json
import os
import sys
import threading
import time

import paho.mqtt.client as paho

name, town, district = (os.environ[f"MQTTOWN_{what}"] for what in ("AGENT", "TOWN", "DISTRICT"))
out = f"mqttown/v1/{town}/agent/{district}/{name}/out/"
client_id = "somebody-else" if "client-id" in sys.argv else name
client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=client_id, protocol=paho.MQTTv311)
client.username_pw_set(name, os.environ["MQTTOWN_KEY"])
crashed = threading.Event()


def on_connect(*_: object) -> None:
    client.publish(out + "hello", '{"memory": "lots"}', retain=True)
    client.publish(out + "hello", "{}")
    client.subscribe([(out.replace("/out/", "/in/") + "+", 1), (f"mqttown/v1/{town}/#", 0)])
    client.publish(f"mqttown/v1/{town}/world/clock", "{}")
    threading.Timer(0.5, lambda: client.publish(out + "hello", "{}")).start()


def on_message(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
    try:
        told = json.loads(message.payload)
        if message.topic.endswith("/observation"):
            told["observation"]["self"]
            client.publish(out + "action", json.dumps({"id": "1", "action": "dance", "parameters": {"at": time.time()}}))
            for number in range(9):
                act = {"id": f"{told['seq']}-{time.time()}-{number}", "action": "wait", "parameters": {}}
                client.publish(out + "action", json.dumps(act))
            client.publish(out + "action", json.dumps({"id": "half", "action": "wait"}))
    except (ValueError, LookupError, TypeError):
        crashed.set()


client.on_connect = on_connect
client.on_message = on_message
client.connect(os.environ["MQTTOWN_MQTT_HOST"], int(os.environ["MQTTOWN_MQTT_PORT"]))
client.loop_start()
crashed.wait()
sys.exit(3)

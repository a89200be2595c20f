"""Examples of what owners send and are answered, by schema of the OpenAPI document; a test holds each against its schema."""

from typing import Any, Final

from mqttown_contract import topics

__all__ = ["EXAMPLES", "exemplify"]

_MOMENT: Final = "2026-11-21T20:15:00Z"
_MIRA: Final = ("helsinki", "kluuvi", "mira")
_PERSONA: Final = {
    "name": "Mira Halonen",
    "tagline": "Counts the trams.",
    "story": "Mira came for the trams and stayed for the people in them.",
    "goals": ["ride every line to its end"],
    "likes": ["cafe", "park"],
}
_ACCOUNT: Final = {"name": "aino", "role": "owner", "created": _MOMENT, "locked": None}
_API_KEY: Final = {
    "id": "4f1c9a",
    "label": "laptop",
    "last_four": "x7Qk",
    "scopes": ["read", "agents"],
    "created": _MOMENT,
    "expires": None,
}
_THOUGHT: Final = {
    "number": 12,
    "tick": 481,
    "action_id": "mira-1-481-m0",
    "action": "say",
    "reasoning": "Otto knows the number 6 line.",
    "memories": [{"id": "m-e-41-0", "kind": "message", "text": 'Otto Laine said: "I drive the 6."', "tick": 41, "score": 1.5}],
    "model": "small-1",
}
_CLAIM: Final = {"building": "rantakatu-3", "name": "Rantakatu 3", "agent": "mira", "price": 250000, "tick": 502}
_MODEL_KEY: Final = {"provider": "local", "last_four": "9f3c", "created": _MOMENT}
_DAY: Final = {"day": "2026-11-21", "calls": 36, "tokens_in": 27432, "tokens_out": 2376, "money": 5540}

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "AccountChange": {"locked": True},
    "AccountView": _ACCOUNT,
    "Agent": {
        "id": "mira",
        "name": "Mira Halonen",
        "kind": "hosted",
        "tagline": "Counts the trams.",
        "owner": "aino",
        "home_district": "kluuvi",
        "home": None,
        "age": 35,
        "job": "barista",
        "goal": None,
        "presence": "online",
        "since_tick": 361,
        "district": "kluuvi",
        "building": "karl-fazer-cafe",
        "x": 812.4,
        "y": 640.1,
        "path": [],
        "starts_tick": None,
        "arrives_tick": None,
        "doing": "working",
        "said": None,
    },
    "AgentKey": {"tag": "phone", "expires": None},
    "AgentKeyForm": {"tag": "phone"},
    "ApiKey": _API_KEY,
    "ArchiveView": {
        "id": "9b0f6f1c1f0d4a0e8a5c3d2b1a09f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7",
        "name": "agent.py",
        "state": "refused",
        "reason": "agent.py: line 3: invalid syntax",
    },
    "ClaimView": _CLAIM,
    "Diff": {
        "from_version": 1,
        "to_version": 2,
        "changes": [{"path": "traits.curious", "before": 500, "after": 900}],
    },
    "Farewell": {
        "goes": ["its own memories: what it has witnessed, noted and concluded"],
        "stays": ["the name mira, which nobody gets again"],
    },
    "JobView": {
        "id": "barista-fazer",
        "title": "barista",
        "building": "karl-fazer-cafe",
        "begins": "11:00",
        "ends": "18:30",
        "days": [0, 1, 2, 3, 4],
        "wage": 1450,
    },
    "LogView": {"text": "ready\n"},
    "MailView": {"mail": "aino@example.com", "sent": True},
    "ModelKeyView": _MODEL_KEY,
    "NewApiKey": {**_API_KEY, "key": "mqt_4f1c9a_…"},
    "NewCredentials": {
        "host": "localhost",
        "port": 1883,
        "ws_url": "ws://localhost:9001/mqtt",
        "username": "mira",
        "password": "…",
        "client_id": "mira",
        "town": "helsinki",
        "district": "kluuvi",
        "topics": {
            "in": topics.agent_in(*_MIRA, "+"),
            **{channel: topics.agent_out(*_MIRA, channel) for channel in ("hello", "action", "status", "memory")},
        },
        "snippets": {
            "python": "from mqttown import Agent\n…",
            "javascript": "import mqtt from 'mqtt'\n…",
            "shell": "mosquitto_sub …",
        },
    },
    "Page_AccountView_": {"items": [_ACCOUNT], "next": None},
    "Page_ThoughtView_": {"items": [_THOUGHT], "next": "12"},
    "PasswordChange": {"password": "seven grey trams", "new_password": "eight green trams"},
    "PresetView": {"id": "aino", "persona": _PERSONA},
    "PreviewView": {"text": "Hello, I'm Mira. Counts the trams."},
    "Problem": {
        "code": "bad_parameters",
        "detail": "body.mind.kind: Input should be 'routine', 'model' or 'code' (got 'magic')",
        "path": "body.mind.kind",
        "allowed": "'routine', 'model' or 'code'",
    },
    "Recalling": {"query": "Who drives the number 6 tram?", "k": 3},
    "Recovered": {"token": "…", "new_password": "eight green trams"},
    "Refresh": {"refresh_token": "…"},
    "Remembering": {"text": "Otto drives the number 6 tram.", "importance": 0.6, "kind": "note"},
    "ResidentView": {
        "id": "mira",
        "name": "Mira Halonen",
        "owner": "aino",
        "status": "running",
        "reason": None,
        "since": _MOMENT,
        "starts": 1,
        "next_start": None,
        "thought_tick": 481,
        "version": 2,
        "created": _MOMENT,
        "code": None,
        "resident": {**_PERSONA, "id": "mira", "job": "barista-fazer", "mind": {"kind": "model", "tier": "small"}},
        "spent": {"money_today": 5540, "tokens_today": 29808, "money_total": 5540, "tokens_total": 29808},
        "milestones": {"arrived": 361, "first_thought": 362, "first_talk": 374},
    },
    "SecondFactorView": {"in_force": False},
    "SecretView": {"secret": "JBSWY3DPEHPK3PXP", "uri": "otpauth://totp/mqttown:aino?secret=JBSWY3DPEHPK3PXP&issuer=mqttown"},
    "Session": {
        "id": "b1946ac9",
        "client": "Firefox on the laptop",
        "address": "192.0.2.7",
        "created": _MOMENT,
        "seen": _MOMENT,
        "expires": "2026-12-21T20:15:00Z",
        "current": True,
    },
    "SignedInAnswer": {"access_token": "…", "refresh_token": "…", "token_type": "Bearer", "expires_in": 900, "session": "b1946ac9"},
    "SurpriseView": {"seed": 7, "persona": _PERSONA},
    "TalkView": {
        "text": "I rode the 6 to its end.",
        "by": "model",
        "model": "small-1",
        "memories": _THOUGHT["memories"],
        "why_routine": None,
    },
    "TestView": {"works": False, "detail": "the provider will not have this key"},
    "UsageView": {
        "budget": {"day_money": 200000, "when_spent": "routine"},
        "paused": False,
        "money_today": 5540,
        "tokens_today": 29808,
        "money_total": 5540,
        "tokens_total": 29808,
        "days": [_DAY],
        "models": {"small-1": 36},
    },
    "VersionView": {"version": 2, "made": _MOMENT, "by": "aino", "note": "bolder", "current": True, "persona": _PERSONA},
}


def exemplify(openapi: dict[str, Any]) -> None:
    """Put the examples into an OpenAPI document, where a schema has none of its own."""
    for name, schema in openapi["components"]["schemas"].items():
        if name in EXAMPLES and "examples" not in schema:
            schema["examples"] = [EXAMPLES[name]]

"""A tiny plugin for the driver's own tests: one hook script for every event, and one stdio MCP server.

Standard library only, so that a failing test of the driver can only mean the driver or the client.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EVENTS = (
    "SessionStart",
    "UserPromptSubmit",
    "PreToolUse",
    "PostToolUse",
    "Stop",
    "SubagentStop",
    "PreCompact",
    "SessionEnd",
)

HOOK = """
import json, os, sys
folder = os.path.dirname(os.path.abspath(__file__))
given = json.load(sys.stdin)
with open(os.path.join(folder, "seen.jsonl"), "a") as log:
    log.write(json.dumps(given) + "\\n")
with open(os.path.join(folder, "answers.json")) as file:
    answers = json.load(file)
event = given["hook_event_name"]
answer = answers.get(event + ":" + given.get("tool_name", ""), answers.get(event))
if answer:
    print(json.dumps(answer))
"""

SERVER = """
import json, sys

TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
TOOLS = [
    {"name": "echo", "description": "Say it back.", "inputSchema": TEXT},
    {"name": "form", "description": "Ask the user.", "inputSchema": {"type": "object", "properties": {}}},
    {"name": "sign", "description": "Needs a person.", "inputSchema": TEXT,
     "_meta": {"anthropic/requiresUserInteraction": True}},
]
SELF = {"name": "probe", "version": "1"}

def send(**message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\\n")
    sys.stdout.flush()

def ask_user():
    schema = {"type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"]}
    send(id="form-1", method="elicitation/create", params={"message": "Which colour?", "requestedSchema": schema})
    for line in sys.stdin:
        message = json.loads(line)
        if message.get("id") == "form-1":
            return json.dumps(message["result"], sort_keys=True)

def call(name, arguments):
    return ask_user() if name == "form" else name + ": " + arguments["text"]

for line in sys.stdin:
    message = json.loads(line)
    method = message.get("method")
    if "id" not in message:
        continue
    if method == "initialize":
        result = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": SELF}
    elif method == "tools/list":
        result = {"tools": TOOLS}
    elif method == "tools/call":
        text = call(message["params"]["name"], message["params"].get("arguments") or {})
        result = {"content": [{"type": "text", "text": text}]}
    else:
        send(id=message["id"], error={"code": -32601, "message": "Method not found"})
        continue
    send(id=message["id"], result=result)
"""


@dataclass(frozen=True, slots=True)
class Probe:
    """The plugin's folder: what its hook was given, and what it answers."""

    folder: Path

    def answers(self, **by_event: Any) -> None:
        """Set the hook's answers, by event or `Event:Tool` (as a dict key)."""
        (self.folder / "answers.json").write_text(json.dumps(by_event))

    def seen(self, event: str) -> list[dict[str, Any]]:
        """What the hook was given for an event, oldest first."""
        log = self.folder / "seen.jsonl"
        given = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        return [g for g in given if g["hook_event_name"] == event]


def write(folder: Path) -> Probe:
    """Make the plugin in a folder: its id is `probe@inline`, its tools are mcp__plugin_probe_srv__*."""
    (folder / ".claude-plugin").mkdir(parents=True)
    server = {"command": "python3", "args": ["-S", "-E", "${CLAUDE_PLUGIN_ROOT}/server.py"]}
    manifest = {"name": "probe", "version": "0.0.1", "description": "The driver's probe", "mcpServers": {"srv": server}}
    (folder / ".claude-plugin" / "plugin.json").write_text(json.dumps(manifest))
    (folder / "server.py").write_text(SERVER)
    (folder / "hook.py").write_text(HOOK)
    (folder / "hooks").mkdir()
    handler = {"type": "command", "command": "python3", "args": ["-S", "-E", "${CLAUDE_PLUGIN_ROOT}/hook.py"]}
    hooks = {event: [{"hooks": [handler]}] for event in EVENTS}
    (folder / "hooks" / "hooks.json").write_text(json.dumps({"hooks": hooks}))
    probe = Probe(folder)
    probe.answers()
    return probe

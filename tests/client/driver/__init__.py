"""Drives the real Claude Code client, headless, against a scripted model on loopback.

    def test_an_edit_is_denied(lab):
        notes = lab.write("notes.md", "before")
        edit = call("Edit", file_path=str(notes), old_string="before", new_string="after")
        run = lab.run("edit it", read(notes), edit, "done", plugins=[PLUGIN])
        assert run.results[1].refused
        assert "record_get" in run.results[1].text

`Lab` is a throw-away HOME and project. `Lab.run` is one `claude -p PROMPT`; `Lab.session` is a conversation with many
prompts, a host's answers (permissions, forms), `/clear`, compaction and kill -9. What the model was shown is an
`Asked`; what the whole run did is a `Run`. Nothing of the machine's own Claude configuration is read, and the only
address the client knows is 127.0.0.1.
"""

from client.driver.asked import Asked, Said, ToolResult
from client.driver.binary import ClientMissing, find_claude
from client.driver.host import Answer, Form, Host, Permission, accept, allow, cancel, decline, deny
from client.driver.lab import Lab
from client.driver.run import HookReport, Run
from client.driver.session import ClientEnded, ScriptMismatch, Session
from client.driver.turns import Call, Fail, Reply, Turn, call, delegate, held, read, together

__all__ = [
    "Answer",
    "Asked",
    "Call",
    "ClientEnded",
    "ClientMissing",
    "Fail",
    "Form",
    "HookReport",
    "Host",
    "Lab",
    "Permission",
    "Reply",
    "Run",
    "Said",
    "ScriptMismatch",
    "Session",
    "ToolResult",
    "Turn",
    "accept",
    "allow",
    "call",
    "cancel",
    "decline",
    "delegate",
    "deny",
    "find_claude",
    "held",
    "read",
    "together",
]

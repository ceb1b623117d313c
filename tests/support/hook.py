"""A workspace as hooks find it, and the hooks run as Claude Code runs them: `sh hooks/hook.sh EVENT`, JSON in, JSON
out.
"""

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from onefirm.core.errors import InvalidInput
from onefirm.core.money import Money
from onefirm.narrative import compile
from onefirm.sessions import db, identity, projection

PROJECT = Path(__file__).resolve().parents[2]
HOOK = PROJECT / "hooks" / "hook.sh"
NO_CORE = "exit 3"
CLIENT = "client-1"
Event = dict[str, Any]


@cache
def schema() -> dict[str, Any]:
    """The firm's schema in the form that `compile_guard` takes, read from the kinds as they ship."""
    kinds: dict[str, Any] = {}
    for file in sorted((PROJECT / "onefirm/state/kinds").glob("*.yaml")):
        kind = yaml.safe_load(file.read_text(encoding="utf-8"))
        if "kind" in kind:
            kinds[kind["kind"]] = {**kind, "label": kind["kind"]}
    return {"version": 1, "kinds": kinds}


def rules() -> dict[str, Any]:
    """guard.json's content."""
    return compile.compile_guard(schema())


def stored(props: dict[str, Any]) -> dict[str, Any]:
    """Properties as a test file spells them (`24000.00 EUR`, a date), in the form in which the truth keeps them."""
    return {key: _stored(value) for key, value in props.items()}


def _stored(value: Any) -> Any:
    try:
        money = Money.parse(value) if isinstance(value, str) else None
    except InvalidInput:
        money = None
    if money:
        return {"minor": money.minor, "currency": money.currency}
    return value.isoformat() if isinstance(value, date) else value


def kind_of(ref: str) -> str:
    """The kind that a ref's prefix tells."""
    return next(name for name, kind in schema()["kinds"].items() if kind["prefix"] == ref.partition("-")[0])


@cache
def plugin(core: str = NO_CORE) -> Path:
    """A plugin of these hooks whose core is a shell script: a start would else leave a real core running behind."""
    folder = Path(tempfile.mkdtemp(prefix="plugin-"))
    atexit.register(shutil.rmtree, folder)
    folder.chmod(0o755)
    shutil.copytree(PROJECT / "hooks", folder / "hooks")
    (folder / "onefirm").symlink_to(PROJECT / "onefirm")
    (folder / "bin").mkdir()
    (folder / "bin/onefirm").write_text("#!/bin/sh\n" + core)
    return folder


@dataclass(frozen=True, slots=True)
class Answer:
    """What a hook said."""

    code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> dict[str, Any]:
        """Its JSON, {} when it printed nothing."""
        return json.loads(self.stdout) if self.stdout.strip() else {}

    @property
    def denial(self) -> str:
        """The reason of a denial, "" when there was none."""
        if self.code == 2:
            return self.stderr
        specific = self.output.get("hookSpecificOutput", {})
        return specific.get("permissionDecisionReason", "") if specific.get("permissionDecision") == "deny" else ""

    @property
    def context(self) -> str:
        """What it adds for the model."""
        return self.output.get("hookSpecificOutput", {}).get("additionalContext", "")

    @property
    def block(self) -> str:
        """The reason with which Stop sends the session on, "" when it lets it rest."""
        return self.output.get("reason", "") if self.output.get("decision") == "block" else ""


@dataclass(slots=True)
class Firm:
    """An initialised workspace with rules, narrative files and a ledger's events projected into it."""

    root: Path
    client: str = CLIENT
    events: list[Event] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    core: str = NO_CORE

    @classmethod
    def at(cls, root: Path) -> "Firm":
        """A workspace in an empty or missing folder."""
        (root / ".onefirm").mkdir(parents=True, mode=0o700)
        (root / "onefirm.yaml").write_text("name: Example Studio\n")
        compile.write_guard(str(root), rules())
        return cls(root)

    def write(self, path: str, text: str) -> Path:
        """A file of the workspace."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def session(self, client: str | None = None) -> str:
        """Our session of the client."""
        return identity.bind(str(self.root), client or self.client)

    def start(self, source: str = "startup") -> str:
        """A session as the start hook makes it, with its first look at the tree."""
        self.run("session_start", source=source)
        return self.session()

    def truth(self, ref: str, *, actor: str = "operator", **props: object) -> None:
        """Puts a record into the truth, or changes it there."""
        known = any(event["subjects"][0] == ref for event in self.events)
        self.tell("record.updated" if known else "record.created", ref, actor=actor, after=props)

    def look(self, ref: str, client: str | None = None, kind: str = "record.seen") -> None:
        """The session looks at a record: the receipt that the guard asks for."""
        self.tell(kind, ref, session=self.session(client))

    def tell(
        self, kind: str, ref: str, *, session: str | None = None, actor: str = "operator", **payload: object
    ) -> None:
        """Appends an event and projects it."""
        body = {"kind": kind_of(ref), "title": "", "etag": self._etag(kind, ref, len(self.events) + 1), **payload}
        self._append(kind, [ref], session, actor, body)

    def decide(self, ref: str, what: str, *about: str) -> None:
        """The session takes a decision."""
        body = {"ref": ref, "what": what, "why": "", "about": list(about)}
        self._append("decision.recorded", [ref, *about], self.session(), "claude", body)

    def _append(self, kind: str, subjects: list[str], session: str | None, actor: str, payload: Event) -> None:
        number = len(self.events) + 1
        self.events.append(
            {
                "chain_id": "c",
                "seq": number,
                "id": f"e{number}",
                "at": f"2026-11-20T10:00:00.{number:06d}Z",
                "actor": actor,
                "session": session,
                "kind": kind,
                "subjects": subjects,
                "payload": payload,
            }
        )
        projection.apply(str(self.root), self.events, "c")

    def run(self, event: str, *, cwd: Path | None = None, raw: bytes | None = None, **payload: object) -> Answer:
        """Runs a hook in a process of its own."""
        body = {"session_id": self.client, "cwd": str(cwd or self.root), **payload}
        done = subprocess.run(
            ["/bin/sh", str(plugin(self.core) / "hooks/hook.sh"), event],
            input=json.dumps(body).encode() if raw is None else raw,
            capture_output=True,
            cwd=cwd or self.root,
            env=self.environment(),
            timeout=60,
            check=False,
        )
        return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())

    def environment(self) -> dict[str, str]:
        """As Claude Code sets it for a hook."""
        return {
            **os.environ,
            "CLAUDE_PROJECT_DIR": str(self.root),
            "CLAUDE_PID": str(os.getpid()),
            "ONEFIRM_PYTHON": sys.executable,
            "ONEFIRM_START_DEADLINE_S": "20",
            **self.env,
        }

    def edit(self, path: str | Path, old: str, new: str, **more: object) -> Answer:
        """Asks the guard about an Edit."""
        given = {"file_path": str(self.root / path), "old_string": old, "new_string": new}
        return self.run("guard", tool_name="Edit", tool_input=given, **more)

    def bash(self, command: str, **more: object) -> Answer:
        """Runs a shell command between its two hooks, as Claude Code does."""
        call = {
            "tool_name": "Bash",
            "tool_input": {"command": command},
            "tool_use_id": f"t{os.urandom(4).hex()}",
            **more,
        }
        self.run("before_command", **call)
        subprocess.run(["/bin/sh", "-c", command], cwd=self.root, check=True, timeout=60)
        return self.run("post_tool_use", hook_event_name="PostToolUse", **call)

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        """Rows of session.db."""
        with db.reading(str(self.root)) as conn:
            return conn.execute(question).fetchall()

    def _etag(self, kind: str, ref: str, number: int) -> str:
        changed = [event for event in self.events if event["subjects"][0] == ref and event["kind"] != "record.seen"]
        return changed[-1]["payload"]["etag"] if kind == "record.seen" and changed else f"v{number}"

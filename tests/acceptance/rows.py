"""The promises that the project claims to keep, each proven by a test that names its id.

`test_rows.py` holds both directions: no claimed promise without a test, no acceptance test without a promise.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One promise to the operator. `part` says what of it is kept so far; empty means all of it."""

    promise: str
    part: str = ""


ROWS: Mapping[str, Row] = {
    # -- where things stand
    "STA-01": Row(
        "Clients, contacts, prospects, proposals, contracts, projects, deliverables, tasks, invoices, payments and "
        "content pieces are records with status, dates, priority and owner. They live in one source of truth: Notion "
        "when connected, an embedded SQL database otherwise; every tool and command works the same on both",
    ),
    "STA-02": Row(
        "Entity schemas are data (YAML), versioned, with a changelog; a change is shown as a plan (check, diff, apply) "
        "and never loses a value"
    ),
    "STA-03": Row(
        "`connect notion` creates the databases under a page, or discovers and maps the operator's existing ones "
        "(names, types, status options), checks them, and names what is missing"
    ),
    "STA-04": Row(
        "One command, and the session-start hook, pull all that changed since the last session closed; when the truth "
        "cannot be reached the brief says how old the mirror is, never silently",
    ),
    "STA-05": Row(
        "No edit is ever lost by the sync: minute-rounded times, index lag, trash, unshared rows, more than 10,000 "
        "rows, more than 25 relations",
    ),
    "STA-06": Row(
        "A write goes to the truth first, is read back, then reaches the mirror, and yields a receipt; a stale "
        "`if_match` is refused with the current value"
    ),
    "STA-07": Row(
        "Truth unreachable: the write is queued, shown as pending, replayed exactly once; a conflict goes to the inbox "
        "with both values, nothing is overwritten"
    ),
    "STA-08": Row(
        "429, 529, 409, 5xx, timeouts, dropped connections and answers lost after the write are survived with no "
        "duplicate row",
        part="a row whose create timed out, and is found only once Notion's lists have caught up, is proven by a storm",
    ),
    "STA-09": Row("Signed webhooks bring the next pull forward; they are a hint, never the data"),
    "STA-10": Row("Every record has a timeline of events and can be read as of any past moment"),
    "STA-11": Row("Any state write can be undone; undo refuses where the world has moved since"),
    "STA-12": Row(
        "“Where things stand” (blocked, overdue, due, waiting, stale, next action) is computed without a model, the "
        "same every time, and can explain each line"
    ),
    "STA-13": Row(
        "Artifacts (contracts, drafts, deliverables) are immutable, content-addressed, referenced and never pasted"
    ),
    "STA-15": Row(
        "Closing a session writes to the truth what was touched, the next action and what is pending; what could not "
        "be written is told at the next start, and a session that died is closed then"
    ),
    # -- the single ledger
    "LED-01": Row("One append-only ledger: who did what, when, why, on which data, caused by what, at what cost"),
    "LED-02": Row(
        "The ledger is hash-chained; `ledger verify` finds any altered, removed or reordered entry, and the head is "
        "anchored outside the machine",
        part="the head is anchored in the commit that closes a session, which leaves the machine when it is pushed",
    ),
    "LED-03": Row(
        "`trace` shows the whole provenance of a record, message, invoice or decision in one screen: a dispute is "
        "settled in minutes",
        part="of records and decisions; messages come with the connectors",
    ),
    "LED-04": Row("Entries read as plain sentences; they export as JSONL and Markdown"),
    "LED-06": Row(
        "Invariant checks find inconsistent state and put it before the operator with the reason and a fix",
        part="of the ledger's own lists, and of facts, quotes and sources: `onefirm doctor` names them",
    ),
    # -- the context tree
    "NAR-01": Row(
        "A tree of CLAUDE.md files: the root holds what applies everywhere, each area its own scope; a parent names "
        "each child in one line, a child points back"
    ),
    "NAR-02": Row(
        "`context check` finds orphans, dangling links, duplicate facts across files, state written as prose, secrets, "
        "and files over their token budget, each with file, line and fix"
    ),
    "NAR-03": Row(
        "The right files load by what is being worked on, and the record's present state is added at that moment (it "
        "is never stored in the file)"
    ),
    "NAR-04": Row(
        "State first, then narrative: an edit of a project's narrative is refused until this session has looked at "
        "that record in the truth (a fresh read is a receipt, a write is another), and while it contradicts the truth "
        "or states a property as `Property: value`; the refusal says what to do; of 100 honest edits at most two are "
        "stopped, and none for nothing"
    ),
    "NAR-07": Row("Opening and closing an engagement scaffolds and archives its files and their parent's lines"),
    "NAR-08": Row("Every file shows how fresh it is: last edited, last confirmed, state moved since"),
    "NAR-05": Row(
        "A nightly drift report holds what the narrative says against what the truth says",
        part="on demand; the night comes with the service",
    ),
    "NAR-06": Row("While files are edited, by whatever program, the index and the checks follow"),
    "NAR-09": Row(
        "The client wall: a session declared for one client, and every unattended role, can't read another client's "
        "files, rows or memory; a firm-wide session is the default",
        part="sessions; the unattended roles come with the flows",
    ),
    # -- playbooks
    "CMD-01": Row(
        "The repeated work of the week is a slash command: start, capture, triage, prepare-call, log-call, "
        "draft-status-update, draft-proposal, end-session, update-prospect, ingest-research, record-decision, "
        "record-lesson, consolidate-lessons, onboard-client, close-engagement, send-invoice, plan-content, "
        "review-inbox, trace, weekly-review, doctor, new-command",
        part="those that stand in commands/",
    ),
    "CMD-02": Row(
        "Each is a playbook: facts first, steps, approval gates, what to do when a connector fails, output template, "
        "next step; least allowed-tools",
        part="for the playbooks that ship; a connector's failure is so far the truth's",
    ),
    "CMD-03": Row(
        "Each has evaluation cases that run in the real Claude Code client",
        part="for the playbooks that ship, with scripted turns; on a real model by `scripts/eval`, where a key is set",
    ),
    # -- memory
    "MEM-01": Row(
        "Decisions are append-only: what, why, alternatives, evidence, who; superseded, never rewritten; closing an "
        "engagement closes its record",
    ),
    "MEM-02": Row(
        "A lesson is a rule in plain language with its reasoning; it starts as a candidate and hardens only when the "
        "situation recurs elsewhere or the operator confirms it",
    ),
    "MEM-03": Row(
        "Hardened rules reach Claude by themselves (`.claude/rules`, scoped by path) inside a token budget; candidates "
        "are only hinted at",
        part="the rules and their budget; a candidate is found by recall",
    ),
    "MEM-04": Row(
        "Consolidation proposes merging overlapping rules into themed guides and retiring dead ones; each rule keeps "
        "its own counters; nothing merges without the operator",
    ),
    "MEM-05": Row(
        "Lessons are abstracted: no client name, person, amount or secret leaves the engagement",
        part="names of the firm's own records; others' names are not known",
    ),
    "MEM-10": Row(
        "Before a candidate hardens it is replayed against past sessions: would have fired, false alarms",
    ),
    "MEM-06": Row(
        "Facts are stored apart from raw text: raw is archived by hash, a fact carries the quote it came from and when "
        "it was true; a new fact invalidates, never overwrites"
    ),
    "MEM-08": Row(
        "Tiers: session (expires), project, firm; roles read and write only their tiers",
        part="sessions do, by their client, and a note is its own session's until it expires; roles aren't there yet",
    ),
    "MEM-07": Row(
        "Recall gives the minimal facts for a task inside a token budget, each with provenance; hits and misses are "
        "counted and shown",
    ),
    "MEM-12": Row(
        "A hardened rule can become a check, a guard or a flow's expectation; incidents, undos, rejections and failed "
        "runs propose candidates; an incident closes only with its rule or a reason for none",
        part="guards and checks; flows and incidents aren't there yet",
    ),
    "MEM-09": Row("Scheduled roll-ups compact old events into facts and decisions, reversibly"),
    "MEM-13": Row(
        "Every decision can be listed and filtered (record, time, standing or superseded), not only recalled"
    ),
    # -- the runtime
    "RUN-12": Row(
        "The guards guard themselves: every hook leaves a mark, a canary proves the refusal still refuses",
    ),
    # -- living with it
    "OPS-01": Row(
        "First value in one command with no account and no key: a demo firm lives a whole day in under a minute"
    ),
    "OPS-02": Row(
        "Installs as a Claude Code plugin; `doctor` says what is live, broken, off or stale, with the command that "
        "fixes it; uninstall leaves nothing",
    ),
    "OPS-08": Row(
        "Secrets live in the OS keyring, environment or 0600 files; never in git, ledger, mirror or prompt; an "
        "inventory knows each credential's owner and end",
        part="where secrets live; the inventory comes with the connectors",
    ),
}

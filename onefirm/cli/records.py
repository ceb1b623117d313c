"""`onefirm record`: where things stand, one record or many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

import click

from onefirm.cli import screen
from onefirm.cli.commands import Group, json_option, why_option
from onefirm.cli.invocation import Invocation, pass_invocation
from onefirm.cli.values import conditions, properties

if TYPE_CHECKING:
    from onefirm.state.records import Change, PageText, Part, Record, Written

_COLUMNS = ("ref", "status", "title", "due")
_OWN_COLUMNS = ("amount", "value", "client", "project", "owner")
"""Shown behind the others where a row of the page has them; `owner` of records of several kinds."""
_MOST_NAMED = 5


@click.group(cls=Group, short_help="Find, read and change records.")
def record() -> None:
    """Find, read and change records: clients, projects, tasks, invoices and so on.

    \b
    Examples:
      onefirm record find task status=doing
      onefirm record get P-1
      onefirm record update T-41 status=done --why "sent on Friday"
    """


@record.command(short_help="List records that meet conditions.")
@click.argument("kind", required=False)
@click.argument("where", nargs=-1, metavar="[CONDITION]…")
@click.option("--text", metavar="WORDS", help="Words in the title or another text.")
@click.option("--about", metavar="REF", help="Only records that this one is related to.")
@click.option("--open", "only_open", is_flag=True, help="Only what is neither done nor dropped.")
@click.option("--archived", is_flag=True, help="Archived records too.")
@click.option("--sort", metavar="PROPERTY", help="Order by this property; -PROPERTY turns it round.")
@click.option("--limit", default=25, show_default=True, type=click.IntRange(1, 500), help="Rows a page.")
@click.option("--cursor", metavar="TEXT", help="The next page, as the last one named it.")
@json_option
@pass_invocation
def find(
    invocation: Invocation, kind: str | None, where: tuple[str, ...], text: str | None, about: str | None,
    only_open: bool, archived: bool, sort: str | None, limit: int, cursor: str | None, as_json: bool,
) -> None:  # fmt: skip
    """List records of a KIND that meet every condition.

    A CONDITION is status=doing, 'due<2026-12-01', priority!=low; one property given twice means any of the values.

    \b
    Examples:
      onefirm record find
      onefirm record find task status=doing status=waiting --about P-1
      onefirm record find invoice --open 'due<2026-12-01' --sort due
    """
    from onefirm.state.records import Query

    if kind is not None and not kind.isalpha():
        kind, where = None, (kind, *where)
    wanted = conditions(where) | ({"open": True} if only_open else {})
    records = invocation.firm.records
    which = None if archived else False
    page = records.find(Query(kind, wanted, text, about, archived=which, sort=sort, limit=limit, cursor=cursor))
    if as_json:
        screen.data(
            {"rows": [_plain(invocation, row) for row in page.rows], "cursor": page.cursor, "total": page.total}
        )
        return
    own = _own_columns(invocation, kind, page.rows)
    screen.table((*_COLUMNS, *own), (_row(invocation, row, own) for row in page.rows))
    _tell_more(len(page.rows), page.total, page.cursor)


@record.command("kinds", short_help="Which kinds there are, and what they hold.")
@click.argument("kind", required=False)
@json_option
@pass_invocation
def kinds_(invocation: Invocation, kind: str | None, as_json: bool) -> None:
    """List the kinds of records with their statuses and properties; of one KIND also which move is legal.

    \b
    Examples:
      onefirm record kinds
      onefirm record kinds task
    """
    from onefirm.cli import kinds

    schema = invocation.firm.schema
    known = schema.kind(kind) if kind else None
    if as_json:
        told = schema.to_dict()["kinds"]
        screen.data(told[known.name] if known else told)
    elif known:
        kinds.show(known)
    else:
        kinds.show_all(schema.kinds.values())


@record.command(short_help="Show one record, now or then.")
@click.argument("ref")
@click.option("--as-of", metavar="TIME", help="As it was then: 2026-11-01 or 2026-11-01T10:00:00Z.")
@click.option("--body", "parts", flag_value="body", multiple=True, help="The text of its page in Notion too.")
@click.option("--comments", "parts", flag_value="comments", multiple=True, help="The comments on that page too.")
@json_option
@pass_invocation
def get(invocation: Invocation, ref: str, as_of: str | None, parts: tuple[Part, ...], as_json: bool) -> None:
    """Show one record, and what Notion holds of it beside: that is only ever read.

    \b
    Examples:
      onefirm record get P-1
      onefirm record get P-1 --as-of 2026-11-01
      onefirm record get P-1 --body --comments
    """
    from onefirm.core.clock import parse_iso

    if as_of and parts:
        raise click.UsageError("The page of a record is read as it is now: leave --as-of out.")
    records = invocation.firm.records
    found = records.as_of(ref, parse_iso(as_of)) if as_of else records.get(ref, invocation.by())
    also: Mapping[str, str] = {} if as_of else records.also(found.ref)
    pages: Mapping[Part, PageText] = {part: records.page(found.ref, part) for part in parts}
    if as_json:
        screen.data({**_plain(invocation, found), "also": also, **pages})
        return
    _print(invocation, found)
    if not as_of:
        _print_around(invocation, found.ref)
    _print_outside(also, pages)


@record.command(short_help="Create a record.")
@click.argument("kind")
@click.argument("values", nargs=-1, required=True, metavar="PROPERTY=VALUE…")
@why_option
@json_option
@pass_invocation
def create(invocation: Invocation, kind: str, values: tuple[str, ...], why: str | None, as_json: bool) -> None:
    """Create a record of a KIND.

    \b
    Examples:
      onefirm record create task title="Send it" project=P-1 due=2026-12-01
      onefirm record create client title=Harbour email=desk@harbour.example
    """
    from onefirm.state.records import Change

    _write(invocation, [Change("create", kind=kind, set=properties(values))], why, as_json)


@record.command(short_help="Change properties of a record.")
@click.argument("ref")
@click.argument("values", nargs=-1, required=True, metavar="PROPERTY=VALUE…")
@click.option("--if-match", metavar="ETAG", help="Only if the record is still at this etag (`record get --json`).")
@why_option
@json_option
@pass_invocation
def update(
    invocation: Invocation, ref: str, values: tuple[str, ...], if_match: str | None, why: str | None, as_json: bool
) -> None:
    """Change properties of a record; an empty value clears one.

    \b
    Examples:
      onefirm record update T-41 status=done --why "sent on Friday"
      onefirm record update T-41 blocked_by=T-40 blocked_by=T-52
      onefirm record update P-1 due=
    """
    from onefirm.state.records import Change

    _write(invocation, [Change("update", ref=ref, set=properties(values), if_match=if_match)], why, as_json)


@record.command(short_help="Take records out of every list.")
@click.argument("refs", nargs=-1, required=True, metavar="REF…")
@why_option
@json_option
@pass_invocation
def archive(invocation: Invocation, refs: tuple[str, ...], why: str | None, as_json: bool) -> None:
    """Archive records: out of every list, kept with their history.

    \b
    Examples:
      onefirm record archive T-3 --why "part of T-2 now"
    """
    _write(invocation, _of_each("archive", refs), why, as_json, "archived")


@record.command(short_help="Take archived records back.")
@click.argument("refs", nargs=-1, required=True, metavar="REF…")
@why_option
@json_option
@pass_invocation
def restore(invocation: Invocation, refs: tuple[str, ...], why: str | None, as_json: bool) -> None:
    """Take archived records back.

    \b
    Examples:
      onefirm record restore T-3
    """
    _write(invocation, _of_each("restore", refs), why, as_json, "restored")


@record.command(short_help="Take back a change.")
@click.argument("what", metavar="REF|EVENT")
@why_option
@json_option
@pass_invocation
def undo(invocation: Invocation, what: str, why: str | None, as_json: bool) -> None:
    """Take back the last change of a record, or one event; refused where the value has moved since.

    \b
    Examples:
      onefirm record undo T-41
      onefirm record undo 0190c8f2-… --why "wrong task"
    """
    records = invocation.firm.records
    written = records.undo(what, invocation.by(why))
    _tell(invocation, written, as_json, "taken back")
    for one in () if as_json else written:
        if records.get(one.ref, fresh=False).archived:
            screen.say(f"{one.ref} is archived now: what was taken back had created it.")
        screen.say(f"To bring it back: onefirm record undo {one.event_id}")


@record.command(short_help="Everything that happened to a record.")
@click.argument("ref")
@json_option
@pass_invocation
def timeline(invocation: Invocation, ref: str, as_json: bool) -> None:
    """Show everything that happened to a record, oldest first.

    \b
    Examples:
      onefirm record timeline P-1
    """
    from onefirm.ledger.sentences import line

    events = invocation.firm.records.timeline(ref)
    if as_json:
        screen.data(events)
        return
    for event in events:
        screen.show(line(event, invocation.firm.settings.timezone))
    if not events:
        screen.say(f"Nothing is known to have happened to {ref}.")


@record.command(short_help="What the truth has contradicted.")
@json_option
@pass_invocation
def conflicts(invocation: Invocation, as_json: bool) -> None:
    """List what the truth has contradicted, and how to decide: writes, with both values; records that vanished, many at
    once; and what was renamed, retyped or taken away in Notion, with what each answer writes into notion.yaml.

    \b
    Examples:
      onefirm record conflicts
    """
    items = invocation.firm.records.conflicts()
    if as_json:
        screen.data(items)
        return
    for item in items:
        screen.title(f"{item.id} {item.title}")
        if "answers" in item.payload:
            screen.table(("answer", "notion.yaml then says"), _answers(item.payload["answers"]))
            continue
        if "lost" in item.payload:
            screen.entry(
                "To bring them back: Restore in Notion's Trash; or share their page again (••• → Connections)."
            )
            continue
        for side in item.payload["records"]:
            screen.entry(_sides(invocation, side))
        sides = [
            (side["ref"], name, side["mine"].get(name), side["theirs"].get(name))
            for side in item.payload["records"]
            for name in side["mine"]
        ]
        screen.table(("ref", "property", "mine", "theirs"), sides)
    if not items:
        screen.say("No conflicts wait.")
        return
    asks_for_more = any("answers" in item.payload for item in items)
    answer = "ANSWER" if asks_for_more else "mine|theirs"
    screen.say(f"Decide: `onefirm record resolve {items[0].id} --keep {answer}`.")
    if asks_for_more:
        screen.say("Or mend it in Notion: what is as notion.yaml says again is asked no more.")


@record.command(short_help="Decide a conflict.")
@click.argument("item", metavar="ID")
@click.option(
    "--keep", required=True, metavar="mine|theirs|WORD",
    help="Whose stands; or a word that is named: the row that a lost write made, the value that an option means.",
)  # fmt: skip
@why_option
@json_option
@pass_invocation
def resolve(invocation: Invocation, item: str, keep: str, why: str | None, as_json: bool) -> None:
    """Decide a conflict. Claude can't do this.

    \b
    Examples:
      onefirm record resolve I-1 --keep mine --why "agreed with Jana by phone"
    """
    invocation.need_person("Deciding a conflict")
    decided = invocation.firm.day.decide(item, keep, invocation.by(why))
    if as_json:
        screen.data(decided)
        return
    screen.show(f"{decided.id} is decided: {keep}.")
    for path, value in decided.payload.get("answers", {}).get(keep, ()):
        screen.entry(_setting(path, value))
    for side in decided.payload.get("records", ()):
        mine, theirs = (invocation.firm.records.render(side["kind"], side[name]) for name in ("mine", "theirs"))
        for name in mine:
            told = f"stays {_said(theirs.get(name))}" if keep == "theirs" else _turned(theirs.get(name), mine[name])
            screen.entry(f"{side['ref']} {name} {told}")


def _sides(invocation: Invocation, side: Mapping[str, Any]) -> str:
    """Who wrote which of two values, and when."""
    at = {name: f" at {invocation.local_time(side[name])}" if side[name] else "" for name in ("mine_at", "theirs_at")}
    return f"mine: {side['mine_by']}{at['mine_at']}; theirs: {side['theirs_by']}{at['theirs_at']}"


def _answers(answers: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for word, edits in answers.items():
        yield word, "; ".join(_setting(path, value) for path, value in edits)
    yield "mine", "what it says now; this is not asked again"


def _setting(path: Sequence[str], value: Any) -> str:
    """A setting of notion.yaml as it will be."""
    name = ".".join(path[1:])
    return f"{name}: {_option(value)}" if value is not None else f"{name} is taken out"


def _option(value: Any) -> str:
    if isinstance(value, dict):
        named = cast("dict[str, Any]", value)
        return str(named.get("name") or ", ".join(f"{word} {_option(one)}" for word, one in named.items()))
    return ", ".join(_option(one) for one in cast("list[Any]", value)) if isinstance(value, list) else str(value)


def _of_each(op: Literal["archive", "restore"], refs: Iterable[str]) -> list[Change]:
    from onefirm.state.records import Change

    return [Change(op, ref=ref) for ref in refs]


def _write(
    invocation: Invocation, changes: Sequence[Change], why: str | None, as_json: bool, done: str = "no change"
) -> None:
    _tell(invocation, invocation.firm.records.write(changes, invocation.by(why)), as_json, done)


def _tell(invocation: Invocation, written: Sequence[Written], as_json: bool, done: str) -> None:
    """Say what became of each: from which values to which, or `done` where no value changed."""
    if as_json:
        screen.data(written)
        return
    for one in written:
        mark = {"written": "", "pending": " (waits for the truth)", "seen": " (it was so already)"}[one.receipt]
        said = f"it is {one.status}" if one.receipt == "seen" else _changes(invocation, one) or done
        screen.show(f"{one.ref} {one.title}: {said}{mark}")


def _changes(invocation: Invocation, one: Written) -> str:
    render = invocation.firm.records.render
    before, after = render(one.kind, one.before), render(one.kind, one.after)
    given = {
        name: value for name, value in after.items() if before or (name != "title" and value not in (None, [], ""))
    }
    return "; ".join(
        f"{name} {_turned(before.get(name), value) if before else _said(value)}" for name, value in given.items()
    )


def _turned(before: Any, after: Any) -> str:
    return f"{_said(before)} → {_said(after)}"


def _said(value: Any) -> str:
    return _text(value) or "nothing"


def _plain(invocation: Invocation, found: Record) -> dict[str, Any]:
    return {**screen.plain(found), "props": invocation.firm.records.present(found)}


def _own_columns(invocation: Invocation, kind: str | None, rows: Sequence[Record]) -> list[str]:
    known = invocation.firm.schema.kind(kind).properties if kind else ("owner",)
    return [name for name in _OWN_COLUMNS if name in known and any(row.props.get(name) for row in rows)]


def _row(invocation: Invocation, found: Record, own: Sequence[str]) -> list[object]:
    shown = invocation.firm.records.present(found)
    known = invocation.firm.schema.kinds.get(found.kind)
    deadline = known.deadline if known and known.deadline else "due"
    mark = " (archived)" if found.archived else " (pending)" if found.pending else ""
    return [found.ref, f"{found.status}{mark}", found.title, shown.get(deadline), *map(shown.get, own)]


def _print(invocation: Invocation, found: Record) -> None:
    shown = invocation.firm.records.present(found)
    screen.title(f"{found.ref} {found.title}")
    screen.table(("property", "value"), [(name, _text(value)) for name, value in shown.items() if name != "title"])
    if found.pending:
        screen.say(f"Waits for the truth: {_pairs(found.pending)}")
    if found.unasked:
        as_of = invocation.local_time(found.synced_at)
        screen.say(f"The truth can't be reached: {found.unasked}. This is as of {as_of}.")
    changed = invocation.local_time(found.updated_at)
    screen.say(f"{'Archived; ' if found.archived else ''}etag {found.etag}, changed {changed}")


def _print_around(invocation: Invocation, ref: str) -> None:
    """What else is known of a record: its artifacts, the files whose head names it, and the open records about it."""
    from onefirm.narrative import tree
    from onefirm.sessions.paths import told
    from onefirm.state.records import Query

    firm = invocation.firm
    kept = [f"{one.ref} {one.name}" for one in firm.artifacts.find(about=ref)][::-1]
    files = [told(one.path) for one in tree.read(firm.root) if ref in one.refs]
    around = firm.records.find(Query(about=ref, where={"open": True}, limit=_MOST_NAMED))
    _name("artifacts", kept[:_MOST_NAMED], len(kept))
    _name("file", files[:_MOST_NAMED], len(files))
    _name("open about it", [f"{one.ref} {one.title}" for one in around.rows], around.total)


def _print_outside(also: Mapping[str, str], pages: Mapping[Part, PageText]) -> None:
    """What others wrote in Notion, behind a bar: nothing in it is ours."""
    if also:
        screen.title("also in Notion")
        for name, text in also.items():
            _quote([f"{name}: {text}"])
    for part, page in pages.items():
        if page.why_not:
            screen.say(f"{page.why_not}.")
        else:
            screen.title(f"{part} in Notion")
            _quote(page.lines or ["(empty)"])


def _quote(lines: Iterable[str]) -> None:
    for line in lines:
        for part in line.split("\n"):
            screen.entry(part, indent="│ ")


def _name(what: str, named: Sequence[str], total: int) -> None:
    if named:
        more = f" and {total - len(named)} more" if total > len(named) else ""
        screen.entry(f"{what}: {'; '.join(named)}{more}", indent="")


def _pairs(values: Mapping[str, Any] | None) -> str:
    return ", ".join(f"{name} {_text(value)}" for name, value in (values or {}).items())


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else "" if value is None else str(value)  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]


def _tell_more(shown: int, total: int, cursor: str | None) -> None:
    if cursor:
        screen.say(f"{shown} of {total}; the next page: --cursor {cursor}")
    elif not shown:
        screen.say("No records meet this.")

"""`onefirm ledger`: the log of everything that happened."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from onefirm.cli import screen
from onefirm.cli.commands import Group, json_option
from onefirm.cli.invocation import Invocation, pass_invocation
from onefirm.core.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from onefirm.ledger.events import Head
    from onefirm.ledger.findings import Verdict


@click.group(cls=Group)
def ledger() -> None:
    """Check, read, trace and export the ledger.

    \b
    Examples:
      onefirm ledger verify --anchor git
      onefirm ledger trace P-1
      onefirm ledger log --limit 20
    """


@ledger.command(short_help="Find what was altered, removed or cut.")
@click.option(
    "--anchor", "anchors", multiple=True, metavar="git|CHAIN:SEQ:HASH|FILE", is_flag=False, flag_value="git",
    help="Hold it against heads that were kept outside: those in the workspace's commits (also without a value), one,"
    " or a file of them, such as what verify or export printed.",
)  # fmt: skip
@click.option(
    "--export", "exported", type=click.File(encoding="utf-8", errors="surrogateescape"), metavar="FILE",
    help="Check a copy that `ledger export` wrote of the whole ledger, instead of the ledger itself.",
)  # fmt: skip
@json_option
@pass_invocation
def verify(invocation: Invocation, anchors: tuple[str, ...], exported: TextIO | None, as_json: bool) -> int:
    """Find any entry that was altered, removed, inserted or reordered; with an anchor, a tail that was cut.

    Exit code 1 when something is found. The heads that it prints are the anchors of tomorrow: keep one elsewhere.

    \b
    Examples:
      onefirm ledger verify
      onefirm ledger verify --anchor git
      onefirm ledger verify --anchor heads.txt
      onefirm ledger verify --export ../ledger.jsonl --anchor git
    """
    from onefirm.ledger.export import verify_jsonl
    from onefirm.ledger.verify import verify as check

    of_git = _of_commits(invocation) if "git" in anchors else ()
    said = [head for anchor in anchors if anchor != "git" for head in _anchors(anchor)]
    if anchors and not of_git and not said:
        screen.say("note: no anchor was found in git: a cut tail can't be seen.")
    heads: list[Head] = []
    with screen.working("Verifying the ledger"):
        if exported:  # it proves itself, also where there is no workspace
            verdict = verify_jsonl(exported, said, later=of_git)
        else:
            with invocation.firm.store.read() as conn:
                verdict, heads = check(conn, [*of_git, *said]), invocation.firm.ledger.heads(conn)
    held = [head for head in (*of_git, *said) if head not in verdict.newer]
    if as_json:
        screen.data({**screen.plain(verdict), "anchors": len(held), "heads": [str(head) for head in heads]})
    else:
        _print(verdict, held, heads)
    return int(not verdict.ok)


@ledger.command(short_help="Where a thing comes from.")
@click.argument("what", metavar="REF|EVENT")
@click.option(
    "--depth", default=4, show_default=True, type=click.IntRange(1, 12), help="How many causes and effects in a row."
)
@json_option
@pass_invocation
def trace(invocation: Invocation, what: str, depth: int, as_json: bool) -> None:
    """Show where a record, a decision or an entry comes from, and what came of it.

    \b
    Examples:
      onefirm ledger trace P-1
      onefirm ledger trace DEC-2
    """
    from onefirm.ledger.trace import render
    from onefirm.ledger.trace import trace as follow

    firm = invocation.firm
    with firm.store.read() as conn:
        tree = follow(conn, firm.ledger, what, depth=depth, timezone=firm.settings.timezone)
    screen.data(tree) if as_json else screen.show(render(tree, shutil.get_terminal_size().columns))


@ledger.command()
@click.option("--about", metavar="REF", help="Only what concerns this record.")
@click.option(
    "--kind", "kinds", multiple=True, metavar="KIND", help="Only these: record.updated, or record. for all of them."
)
@click.option("--session", metavar="S", help="Only what this session did.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="The newest so many.")
@json_option
@pass_invocation
def log(
    invocation: Invocation, about: str | None, kinds: tuple[str, ...], session: str | None, limit: int, as_json: bool
) -> None:
    """Read the newest entries as sentences, oldest first.

    \b
    Examples:
      onefirm ledger log
      onefirm ledger log --about P-1 --kind record.
    """
    from onefirm.core.ids import parse_ref
    from onefirm.ledger.sentences import line

    firm = invocation.firm
    ref = parse_ref(about) if about else None
    with firm.store.read() as conn:
        newest = firm.ledger.events(conn, ref=ref, kinds=kinds or None, session=session, limit=limit, newest_first=True)
    if as_json:
        screen.data(newest[::-1])
        return
    for event in reversed(newest):
        screen.show(line(event, firm.settings.timezone))
    if not newest:
        screen.say("No entries meet this.")


@ledger.command()
@click.option(
    "--format",
    "form",
    default="jsonl",
    show_default=True,
    type=click.Choice(["jsonl", "md"]),
    help="One JSON object a line, or a page to read.",
)
@click.option("--about", metavar="REF", help="Only what concerns this record.")
@pass_invocation
def export(invocation: Invocation, form: str, about: str | None) -> None:
    """Write the ledger to standard output, oldest first.

    Keep the copy out of the workspace's git: what is erased later would stay in it.

    \b
    Examples:
      onefirm ledger export > ../ledger.jsonl
      onefirm ledger export --format md --about CL-2 > ../client.md
    """
    from onefirm.core.ids import parse_ref
    from onefirm.ledger.export import jsonl, markdown

    firm = invocation.firm
    with firm.store.read() as conn:
        events = firm.ledger.stream(conn, ref=parse_ref(about) if about else None)
        for line in jsonl(events) if form == "jsonl" else markdown(events, firm.settings.timezone):
            click.echo(line.rstrip("\n"))


@ledger.command(short_help="Erase what entries say about a record.")
@click.argument("ref")
@click.option(
    "--why",
    required=True,
    metavar="TEXT",
    help="The reason, such as a client's request. It is kept for good, so name nobody in it.",
)
@click.option("--yes", is_flag=True, help="Don't ask.")
@pass_invocation
def erase(invocation: Invocation, ref: str, why: str, yes: bool) -> None:
    """Erase for good what the firm knows of an archived record; the chain stays whole. Claude can't do this.

    The ledger's entries about it, its row and whatever was copied from them lose their content. It says what stays.

    \b
    Examples:
      onefirm ledger erase CL-2 --why "asked for by the client on 3 November"
    """
    invocation.need_person("Erasing entries")
    day = invocation.firm.day
    found = day.erasable(ref)
    if not found.entries:
        screen.say(f"No entry about {ref} has anything left to erase.")
        return
    if found.shared:
        screen.say(f"note: It takes the words of {', '.join(found.shared)} too, about other records as well.")
    question = f"Erase the content of {found.entries} entries about {ref}? It can't be taken back"
    if not yes and not click.confirm(question, err=True):
        screen.say("Nothing was erased.")
        return
    erased = day.erase(ref, invocation.by(why))
    screen.show(f"Erased the content of {erased.entries} entries about {erased.ref}; the chain stays whole.")
    for sentence in erased.stays:
        screen.say(f"note: {sentence}")


def _anchors(anchor: str) -> tuple[Head, ...]:
    from onefirm.ledger import anchors

    path = Path(anchor)
    if path.is_file():
        return _of_file(path)
    if ":" not in anchor and ("/" in anchor or path.suffix):
        raise NotFound(
            f"There is no file {anchor}.", hint="Name a file of heads, as `onefirm ledger verify` prints them."
        )
    return (anchors.parse(anchor),)


def _of_commits(invocation: Invocation) -> tuple[Head, ...]:
    from onefirm import git
    from onefirm.day import anchoring

    root, firm = invocation.root, invocation.firm
    if not git.is_repository(root):
        raise NotFound(
            f"{root} is no git repository, so there is no anchor in git.",
            hint="Name a head or a file of heads: --anchor CHAIN:SEQ:HASH, --anchor FILE.",
        )
    with firm.store.read() as conn:
        kept = anchoring.of_commits(root, conn, firm.ledger)
    for told in kept.passed_over:
        screen.say(f"note: {told}")
    return kept.heads


def _of_file(path: Path) -> tuple[Head, ...]:
    from onefirm.day import anchoring

    found = anchoring.of_text(path.read_text(encoding="utf-8", errors="replace"))
    if not found:
        raise InvalidInput(f"{path} holds no head.", hint="Keep what `onefirm ledger verify` prints in it.")
    return found


def _print(verdict: Verdict, kept: Sequence[Head], heads: list[Head]) -> None:
    from onefirm.day.anchoring import reach

    against = f", held against {len(kept)} anchor{'s' * (len(kept) != 1)} up to {reach(kept)}" if kept else ""
    if verdict.ok:
        chains = f"{verdict.chains} chain{'s' * (verdict.chains != 1)}"
        screen.show(f"The ledger is whole: {verdict.entries} entries in {chains}{against}.")
    else:
        screen.show(f"The ledger is NOT whole ({verdict.entries} entries{against}):")
    for finding in verdict.findings:
        screen.show(f"  {finding.sentence}")
    if any(finding.problem in ("tail_cut", "rewritten") for finding in verdict.findings):
        screen.say("If a backup was put back, say so: onefirm doctor --restored")
    if verdict.more:
        screen.show("  … and more.")
    if verdict.newer:
        last = verdict.newer[-1]
        many = f"{len(verdict.newer)} anchor{'s' * (len(verdict.newer) != 1)} in git"
        screen.say(f"note: this copy ends before {many} (the last is {last.chain_id}:{last.seq}).")
        screen.say("note: so it is older than they are, or its tail was cut.")
    for head in heads if verdict.ok else ():
        screen.show(f"head {head}")

"""`onefirm artifact`: contracts, drafts and deliverables as files that never change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from onefirm.cli import screen
from onefirm.cli.commands import Group, json_option, why_option
from onefirm.cli.invocation import Invocation, pass_invocation
from onefirm.core.errors import Refused

if TYPE_CHECKING:
    from onefirm.state.artifacts import Added, Artifact


@click.group(cls=Group, short_help="Keep contracts, drafts and deliverables.")
def artifact() -> None:
    """Keep contracts, drafts and deliverables: files that never change, each linked to its records.

    Narrative and records name the ref, like ART-3, and never repeat the text.

    \b
    Examples:
      onefirm artifact add offer.md --about PR-2 --kind proposal
      onefirm artifact list --about PR-2
      onefirm artifact show ART-1
    """


@artifact.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--about", metavar="REF", multiple=True, required=True, help="A record that it is for; may be repeated.")
@click.option(
    "--kind", default="document", show_default=True, metavar="WORD", help="contract, proposal, deliverable, …"
)
@click.option("--name", metavar="TEXT", help="What it is called; else the file's name.")
@why_option
@json_option
@pass_invocation
def add(
    invocation: Invocation, file: Path, about: tuple[str, ...], kind: str, name: str | None, why: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Keep what a file holds now; the file itself stays yours. The same bytes again are linked, not doubled.

    \b
    Examples:
      onefirm artifact add offer.md --about PR-2 --kind proposal
      onefirm artifact add signed.pdf --kind contract \\
          --about CT-4 --about CL-1 --why "came by mail"
    """
    done = invocation.seen_firm.artifacts.add(invocation.start / file, about, invocation.by(why), kind=kind, name=name)
    screen.data({**screen.plain(done.artifact), "new": done.is_new}) if as_json else screen.show(_said(done))


@artifact.command("list")
@click.option("--about", metavar="REF", help="Only what is for this record.")
@click.option("--kind", metavar="WORD", help="Only this kind.")
@json_option
@pass_invocation
def list_(invocation: Invocation, about: str | None, kind: str | None, as_json: bool) -> None:
    """List artifacts, oldest first.

    \b
    Examples:
      onefirm artifact list
      onefirm artifact list --about PR-2 --kind proposal
    """
    from onefirm.state.artifacts import size

    found = invocation.seen_firm.artifacts.find(about, kind)
    if as_json:
        screen.data(found)
        return
    day = invocation.days()
    rows = [(one.ref, day(one.at), one.kind, ", ".join(one.about), size(one.size_bytes), one.name) for one in found]
    screen.table(("ref", "when", "kind", "about", "size", "name"), rows)
    if not found:
        screen.say("No artifacts meet this.")


@artifact.command()
@click.argument("ref", metavar="ART-N|SHA256")
@click.option("--to", "target", metavar="FILE", type=click.Path(path_type=Path), help="Write its bytes to a new file.")
@json_option
@pass_invocation
def show(invocation: Invocation, ref: str, target: Path | None, as_json: bool) -> None:
    """Show an artifact, and its text where it is one. Its bytes are checked first.

    \b
    Examples:
      onefirm artifact show ART-1
      onefirm artifact show ART-2 --to signed.pdf
    """
    from onefirm.state.artifacts import text_of

    room = invocation.seen_firm.artifacts
    found = room.get(ref)
    data = room.read(found)
    if target is not None:
        _write(invocation.start / target, data)
    text = text_of(data)
    if as_json:
        screen.data({**screen.plain(found), "path": str(room.path(found)), "text": text})
        return
    _describe(found, room.path(found), invocation.local_time(found.at))
    if target is not None:
        screen.say(f"Written to {target}.")
    elif text is None:
        screen.say(f"It is no text; `onefirm artifact show {found.ref} --to FILE` writes it to a file.")
    else:
        screen.show(f"\n{text.rstrip()}")


def _write(target: Path, data: bytes) -> None:
    try:
        with target.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise Refused(f"{target} is there already.", hint="Name a file that isn't.") from None
    except OSError as error:
        raise Refused(
            f"{target} can't be written: {error.strerror}.", hint="Name a file in a folder of yours."
        ) from None


def _describe(found: Artifact, path: Path, added: str) -> None:
    from onefirm.state.artifacts import size

    screen.title(f"{found.ref} {found.name}")
    rows = [
        ("kind", found.kind),
        ("about", ", ".join(found.about)),
        ("size", size(found.size_bytes)),
        ("added", f"{added} by {found.actor}"),
        ("sha256", found.sha256),
        ("file", str(path)),
    ]
    screen.table(("", ""), rows)


def _said(done: Added) -> str:
    one = done.artifact
    if done.is_new:
        return f"{one.ref} {one.name} ({one.kind}) for {', '.join(one.about)}"
    linked = f"now also for {', '.join(done.linked)}" if done.linked else "nothing had to be done"
    return f"{one.ref} {one.name} ({one.kind}) was kept already: {linked}"

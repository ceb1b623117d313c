"""`onefirm connect`: where the firm's records may be kept instead of here."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from onefirm.cli import screen
from onefirm.cli.commands import Group, json_option
from onefirm.cli.invocation import Invocation, pass_invocation
from onefirm.core.errors import InvalidInput, Refused

if TYPE_CHECKING:
    from onefirm.day.connect import Check, Judged, Proposal, Token
    from onefirm.day.premises import Premises
    from onefirm.state.truth.notion.mapping import NotionMapping
    from onefirm.state.truth.notion.survey import Sight, Survey

_ROOMS_SHOWN = 10
_CHECK, _SWITCH = "onefirm connect notion --check", "onefirm connect notion --switch"


@click.group(cls=Group, short_help="Keep the records in your Notion.")
def connect() -> None:
    """Connect the firm to where its records are kept.

    \b
    Examples:
      onefirm connect notion
    """


@connect.command(short_help="Keep the records in your Notion.")
@click.option("--check", is_flag=True, help="Hold notion.yaml against Notion as it is; exit code 1 with gaps.")
@click.option("--propose", is_flag=True, help="Propose a mapping anew, compared with the notion.yaml that stands.")
@click.option("--under", metavar="PAGE", help="Make new databases under this page: its link, id or title.")
@click.option("--switch", is_flag=True, help="Keep the records there from now on, if nothing stands against it.")
@click.option("--add-key", is_flag=True, help="Agree to the properties “onefirm key” and “ID” where they are missing.")
@click.option("--new-token", is_flag=True, help="Ask for a token, though there is one.")
@click.option("--at", metavar="URL", help="A simulated Notion on this machine: http://127.0.0.1:PORT.")
@click.option("--yes", is_flag=True, help="Don't ask: agree to what would be asked.")
@json_option
@pass_invocation
def notion(
    invocation: Invocation, check: bool, propose: bool, under: str | None, switch: bool, add_key: bool,
    new_token: bool, at: str | None, yes: bool, as_json: bool,
) -> int:  # fmt: skip
    """Connect your Notion: see what the token sees, map its databases, check the mapping, switch.

    The token of an internal integration is taken from ONEFIRM_SECRET_NOTION, NOTION_TOKEN or what is kept, else asked
    for; it is shown nowhere. The plugin's option reaches Claude Code's server and hooks only, not a terminal. Without a
    notion.yaml a mapping is proposed and written for you to edit. One that stands is never replaced, and nothing is
    added in Notion, without your yes. Claude can only --check.

    \b
    Examples:
      onefirm connect notion
      onefirm connect notion --check
      onefirm connect notion --add-key
      onefirm connect notion --switch
      onefirm connect notion --under "My firm"
    """
    from onefirm.bootstrap import open_premises
    from onefirm.day import connect as room

    if sum((check, propose, bool(under), switch)) > 1:
        raise click.UsageError("--check, --propose, --under and --switch are done one at a time.")
    if not check:
        invocation.need_person("Connecting Notion")
    with open_premises(invocation.start) as premises:
        how = room.head(premises, at)
        token = room.token(premises, os.environ, _typed, anew=new_token, own=check)
        with room.asking(token, how) as survey:
            run = _Run(premises, survey, token, how, yes, add_key or yes, as_json)
            if check:
                return run.check()
            run.introduce()
            if under:
                run.found(under)
            elif switch:
                run.switch()
            else:
                run.look(propose)
            return run.end()


def _typed() -> str:
    """A token from the keyboard, unseen, or from standard input."""
    if sys.stdin.isatty():
        return click.prompt("Token of the integration", hide_input=True, err=True)
    if not (line := sys.stdin.readline().strip()):
        raise InvalidInput(
            "There is no token for Notion, and nobody can be asked for one here.",
            hint="Run it in a terminal, set NOTION_TOKEN, or pipe it in: `… | onefirm connect notion --new-token`.",
        )
    return line


@dataclass(slots=True)
class _Run:
    """One run of the command, step by step. `told` is what happened, for whoever asked for JSON."""

    premises: Premises
    survey: Survey
    token: Token
    how: NotionMapping
    agreed: bool
    agreed_key: bool
    as_json: bool
    told: dict[str, Any] = field(default_factory=dict[str, Any])

    def introduce(self) -> None:
        """Say whom the token acts as, and keep it if the firm wouldn't find it again."""
        from onefirm.day import connect as room

        with screen.working("Asking Notion"):
            acting = self.survey.acting()
        if self.token.replaces and not self._agrees(f"Another token is kept. Keep that of {room.INHERITED} instead?"):
            raise Refused(
                f"{room.INHERITED} holds another token than the one that is kept, which stays.",
                hint=f"Unset {room.INHERITED} to go on with the kept one, or say `--yes` to replace it.",
            )
        kept = None if self.token.is_kept else room.keep(self.premises, self.token)
        self.told |= {"acting": acting, "token": self.token.origin, "kept": kept}
        self._show(f"The token ({self.token.origin}) acts as “{acting.name}” in the workspace “{acting.workspace}”.")
        if kept:
            where = ".onefirm/secrets.json" if kept == "file" else f"the {kept}"
            self._show(f"It works, and is kept as “{room.NAME}” in {where}.")

    def look(self, propose: bool) -> None:
        """What the token sees; then a proposal, or what stands against the mapping there is."""
        from onefirm.day import connect as room

        with screen.working("Looking at what it sees"):
            seen = self.survey.sight()
        self.told |= {"sources": seen.sources, "pages": seen.rooms}
        if not self.as_json:
            _tell_sight(seen)
        stands = room.file_of(self.premises).exists()
        if propose or not stands:
            self._propose(seen)
        if room.file_of(self.premises).exists():
            self._go_on(is_new=not stands)

    def found(self, under: str) -> None:
        """Make databases, and the mapping that belongs to them."""
        from onefirm.day import connect as room
        from onefirm.state.truth.notion import gaps, mapping_text

        page, stands = room.page(self.survey, under), room.file_of(self.premises).exists()
        if stands and not self._agrees("Make databases, and replace the notion.yaml that stands by their mapping?"):
            raise Refused("notion.yaml stands already; nothing was made.", hint="Move it away, or say `--yes`.")
        key = self._may_add(f"Give each database a property “{room.KEY}”? Without it, {gaps.WITHOUT_KEY}.")
        with screen.working("Making the databases; this may take some minutes"):
            made = room.found_databases(self.premises, self.token, self.how, page, key=key, tell=screen.say)
        self.told["made"] = sorted(made.places)
        self._write(mapping_text.text(made), None)
        self._go_on(is_new=False)

    def check(self) -> int:
        """Name every gap; 1 where there is one."""
        held = self._held()
        if self.as_json:
            screen.data(_plain(held))
        else:
            _tell_check(held)
            self._next(held)
        return int(bool(held.gaps))

    def switch(self) -> None:
        """Keep the records in Notion from now on."""
        from onefirm.bootstrap import keep_in_notion

        held = self._held()
        if held.gaps:
            _tell_check(held)
            raise Refused("Nothing was switched while there are gaps.", hint=f"Mend them, then `{_CHECK}`.")
        keep_in_notion(self.premises)
        self.told["switched"] = True
        self._show("onefirm.yaml says `truth: notion` now: the firm's records are in Notion.")
        self._say("Next: `onefirm brief` reads them. A running session of Claude Code must be started anew.")

    def end(self) -> int:
        """Print what happened for whoever wants JSON."""
        if self.as_json:
            screen.data(self.told)
        return 0

    # -- steps ---------------------------------------------------------------------------------------------------------

    def _propose(self, seen: Sight) -> None:
        from onefirm.day import connect as room

        made = room.proposal(self.premises, seen, self.how)
        draft = made.draft
        self.told["proposal"] = {"kinds": draft.places, "remarks": _joined(draft.remarks), "left": draft.left}
        if seen.sources and not self.as_json:
            _tell_proposal(made)
        if not draft.places:
            self._say("Nothing to map was found, and no notion.yaml was written.")
            self._say("Next: share your databases with the integration, then the same command again.")
            for one in seen.rooms[:1]:
                self._say(f"Or have new ones made: `onefirm connect notion --under {shlex.quote(one.title)}`.")
            return
        self._write(made.text, made.difference)

    def _write(self, text: str, difference: str | None) -> None:
        """Write notion.yaml; what stands and differs is replaced with consent only."""
        from onefirm.day import connect as room

        if difference == "":
            self._say("notion.yaml says just this.")
            return
        if difference is not None:
            self._show(f"\nWhat would change in notion.yaml:\n{difference.rstrip()}")
            if not self._agrees("Replace notion.yaml, with what you wrote in it?"):
                raise Refused(
                    "notion.yaml stays as it is.", hint="Take over by hand what you want of it, or say `--yes`."
                )
        room.write(self.premises, text)
        self.told["written"] = True
        self._show(
            "\nWrote notion.yaml. Read it: what was guessed says “unsure”, and what is missing says what mends it."
        )

    def _go_on(self, *, is_new: bool) -> None:
        """Offer what is missing for onefirm itself, then tell what stands against the mapping."""
        from onefirm.day import connect as room

        held = self._held()
        if (some := room.wanted(held)) and self._may_add(_question(held)):
            room.add(self.premises, self.survey, some)
            self.told["added"] = [{"kind": one.kind, "source": one.source.id, "what": one.word} for one in some]
            self._show(f"Added in Notion and named in notion.yaml: {len(some)} properties.")
            held = self._held()
        self.told["check"] = _plain(held)
        if not self.as_json:
            _tell_check(held)
            self._next(held, is_new=is_new)

    def _held(self) -> Check:
        from onefirm.day import connect as room

        with screen.working("Holding notion.yaml against Notion"):
            return room.check(self.premises, self.survey)

    def _next(self, held: Check, *, is_new: bool = False) -> None:
        if held.gaps:
            screen.say(f"Next: mend what is named above, in Notion or in notion.yaml; then `{_CHECK}`.")
        elif self.premises.truth == "notion":
            screen.say("The firm's records are in Notion, and nothing stands against it.")
        elif self.premises.records():
            screen.say("Nothing stands against it. Next: `onefirm truth move notion` takes the firm's records there.")
        else:
            first = "read notion.yaml, and correct it; then " if is_new else ""
            screen.say(f"Nothing stands against it. Next: {first}`{_SWITCH}` keeps the records there.")

    # -- talking -------------------------------------------------------------------------------------------------------

    def _show(self, text: str) -> None:
        if not self.as_json:
            screen.show(text)

    def _say(self, text: str) -> None:
        if not self.as_json:
            screen.say(text)

    def _may_add(self, question: str) -> bool:
        return self.agreed_key or self._agrees(question)

    def _agrees(self, question: str) -> bool:
        """The operator's yes. Where nobody can be asked it is no."""
        if self.agreed or self.as_json or not sys.stdin.isatty():
            return self.agreed
        return click.confirm(question, err=True)


def _tell_sight(seen: Sight) -> None:
    if not seen.sources:
        screen.show("It sees no data source.")
        screen.say(
            "Open a database in Notion, ••• → Connections, and add the integration. What was shared in the last minute "
            "may not be listed yet."
        )
    screen.table(
        ("data source", "database", "properties", "rows", "id"),
        [
            (one.title, one.database if one.database != one.title else "", len(one.fields), one.rows, one.id)
            for one in seen.sources
        ],
    )
    if seen.rooms:
        more = len(seen.rooms) - _ROOMS_SHOWN
        screen.show(f"\nPages under which databases can be made{' (those edited last)' if seen.is_cut else ''}:")
        for one in seen.rooms[:_ROOMS_SHOWN]:
            screen.entry(f"{one.title}  {one.id}")
        if more > 0:
            screen.entry(f"… and {more} more")


def _tell_proposal(made: Proposal) -> None:
    draft = made.draft
    if draft.places:
        screen.title("\nProposed")
    for place in draft.places.values():
        at = ("kinds", place.kind)
        unsure = [key for key, said in draft.remarks.items() if key[:2] == at and "unsure" in said]
        doubt = f"; {len(unsure)} unsure" if unsure else ""
        screen.entry(f"{place.kind}: {draft.remarks[(*at, 'data_source')]}, {len(place.columns)} properties{doubt}")
    for why in dict.fromkeys(draft.left.values()):
        names = ", ".join(name for name, reason in draft.left.items() if reason == why)
        screen.entry(f"not mapped: {names}. {why}.")


def _question(held: Check) -> str:
    from onefirm.day import connect as room
    from onefirm.state.truth.notion import gaps

    some = room.wanted(held)
    keys, refs = [one for one in some if one.word == "key"], [one for one in some if one.word == "ref"]
    asked = list[str]()
    if keys:
        asked.append(f"“{room.KEY}” to {len(keys)} data source(s) (without it, {gaps.WITHOUT_KEY})")
    if refs:
        asked.append(f"a number to {len(refs)} (without it, {gaps.WITHOUT_REF})")
    return f"Add in Notion {', and '.join(asked)}?"


def _tell_check(held: Check) -> None:
    screen.show()
    alike: dict[tuple[bool, str, str], list[Judged]] = {}
    for one in held.judged:
        alike.setdefault((one.gap.is_note, one.gap.said, one.gap.fix), []).append(one)
    for (is_note, said, fix), some in alike.items():
        lines, kinds = ", ".join(str(one.line) for one in some), ", ".join(one.gap.kind for one in some)
        mark, style = ("note:", "yellow") if is_note else ("gap:", "bold red")
        where = f"line{'s' if len(some) > 1 else ''} {lines}"
        screen.marked(mark, style, f"{where}: {f'{kinds}: ' if kinds else ''}{said}. → {fix}")
    screen.show(f"notion.yaml against Notion as it is: {len(held.gaps)} gap(s), {len(held.notes)} note(s).")


def _plain(held: Check) -> dict[str, Any]:
    return {
        "gaps": [{"line": one.line, **screen.plain(one.gap)} for one in held.gaps],
        "notes": [{"line": one.line, **screen.plain(one.gap)} for one in held.notes],
    }


def _joined(remarks: Any) -> dict[str, str]:
    return {".".join(map(str, at)): said for at, said in remarks.items()}

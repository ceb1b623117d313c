"""`onefirm lesson`: rules that were learned."""

from __future__ import annotations

from typing import Literal

import click

from onefirm.cli import screen
from onefirm.cli.commands import Group, json_option, why_option
from onefirm.cli.invocation import Invocation, pass_invocation
from onefirm.cli.values import conditions


@click.group(cls=Group)
def lesson() -> None:
    """Record lessons and decide which become rules.

    \b
    Examples:
      onefirm lesson record "Ask for the order number" --why "it came back"
      onefirm lesson list --status candidate
      onefirm lesson decide L-2 harden
      onefirm lesson consolidate
    """


@lesson.command()
@click.argument("rule", required=False, default="")
@click.option("--why", required=True, metavar="TEXT", help="What taught it.")
@click.option("--theme", default="general", show_default=True, metavar="WORD", help="What it belongs to.")
@click.option("--about", metavar="REF", multiple=True, help="Where it was learned; may be repeated.")
@click.option("--again", metavar="L-N", help="Not a new one: this lesson held once more.")
@click.option("--path", "paths", metavar="GLOB", multiple=True, help="It applies to these files; may be repeated.")
@click.option("--command", "commands", metavar="WORDS", multiple=True, help="… to these shell commands.")
@click.option("--kind", "kinds", metavar="KIND", multiple=True, help="… to records of this kind.")
@click.option("--word", "words", metavar="WORD", multiple=True, help="… where this is spoken of.")
@click.option("--anyway", is_flag=True, help="Also where a timeout or the like taught it.")
@json_option
@pass_invocation
def record(
    invocation: Invocation, rule: str, why: str, theme: str, about: tuple[str, ...], again: str | None, anyway: bool,
    as_json: bool, **trigger: tuple[str, ...],
) -> None:  # fmt: skip
    """Record a lesson; it begins as a candidate. Names and amounts are taken out of it.

    \b
    Examples:
      onefirm lesson record "Watch five people first" --why "four gave up"
      onefirm lesson record "State the deadline" --why "asked" --kind proposal
      onefirm lesson record --again L-2 --why "it held there too" --about PR-4
    """
    if anyway:
        invocation.need_person("Learning from a failure that passes by itself")
    made = invocation.firm.lessons.record(
        rule, why, theme=theme, about=about, again=again, trigger=trigger, anyway=anyway, by=invocation.by()
    )
    if as_json:
        screen.data(made)
        return
    seen = f", met {made.sightings} times" if made.sightings > 1 else ""
    screen.show(f"{made.ref} ({made.status}{seen}) {made.rule}")
    if made.noted:
        screen.say(made.noted)


@lesson.command("list")
@click.option("--status", type=click.Choice(["candidate", "hardened", "retired"]), help="Only these.")
@click.option("--theme", metavar="WORD", help="Only this theme.")
@click.option("--text", metavar="WORDS", help="Words in it.")
@json_option
@pass_invocation
def list_(
    invocation: Invocation, status: Literal["candidate", "hardened", "retired"] | None, theme: str | None,
    text: str | None, as_json: bool,
) -> None:  # fmt: skip
    """List lessons.

    \b
    Examples:
      onefirm lesson list
      onefirm lesson list --status candidate --theme finance
    """
    page = invocation.firm.lessons.find(status=status, theme=theme, text=text)
    if as_json:
        screen.data(page)
        return
    screen.table(
        ("ref", "status", "theme", "seen", "rule"), [(x.ref, x.status, x.theme, x.sightings, x.rule) for x in page.rows]
    )
    if not page.rows:
        screen.say("No lessons meet this.")


@lesson.command()
@click.argument("ref", metavar="L-N")
@json_option
@pass_invocation
def apart(invocation: Invocation, ref: str, as_json: bool) -> None:
    """Say that what was last taken for a lesson is another.

    It becomes a lesson of its own.

    \b
    Examples:
      onefirm lesson apart L-2
    """
    invocation.need_person("Telling lessons apart")
    made = invocation.firm.lessons.apart(ref, by=invocation.by())
    screen.data(made) if as_json else screen.show(f"{made.ref} ({made.status}) {made.rule}")


@lesson.command()
@click.argument("ref", metavar="L-N")
@json_option
@pass_invocation
def court(invocation: Invocation, ref: str, as_json: bool) -> None:
    """Show the case for and against a lesson.

    \b
    Examples:
      onefirm lesson court L-2
    """
    from onefirm.cli import hearing

    case = invocation.firm.lessons.case(ref)
    screen.data(case) if as_json else screen.show("\n".join(hearing.lines(case, invocation.days())))


@lesson.command()
@click.argument("ref", metavar="L-N")
@json_option
@pass_invocation
def replay(invocation: Invocation, ref: str, as_json: bool) -> None:
    """List past sessions in which a lesson would speak.

    \b
    Examples:
      onefirm lesson replay L-2
    """
    found = invocation.firm.lessons.case(ref).replay
    if as_json:
        screen.data(found)
        return
    day = invocation.days()
    rows = [(one.session, day(one.at), one.met, "it was met" if one.right else "false alarm") for one in found.fired]
    screen.table(("session", "when", "by", "verdict"), rows)
    screen.say(f"{found.told()[0].upper()}{found.told()[1:]}.")


@lesson.command()
@click.argument("ref", metavar="L-N")
@click.argument("verdict", type=click.Choice(["harden", "retire", "keep", "patch"]))
@why_option
@json_option
@pass_invocation
def decide(
    invocation: Invocation, ref: str, verdict: Literal["harden", "retire", "keep", "patch"], why: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Make a lesson a rule, retire it, or keep it a candidate. Claude needs your yes for this.

    `patch` retires one that can't happen any more; if it does, it is open again.

    \b
    Examples:
      onefirm lesson decide L-2 harden
      onefirm lesson decide L-3 retire --why "the form asks for it now"
    """
    invocation.need_person("Deciding about a lesson")
    lessons = invocation.firm.lessons
    before = lessons.get(ref).status
    made = lessons.decide(ref, verdict, by=invocation.by(why))
    if as_json:
        screen.data(made)
        return
    screen.show(f"{made.ref} {made.rule}: {before} → {made.status}")
    if made.noted:
        screen.say(made.noted)


@lesson.command(short_help="Propose to hold a rule by a guard or a check.")
@click.argument("ref", metavar="L-N")
@click.option("--command", "commands", metavar="WORDS", multiple=True, help="Refuse commands with these words.")
@click.option("--path", "paths", metavar="GLOB", multiple=True, help="Refuse edits of these files.")
@click.option("--word", "words", metavar="TEXT", multiple=True, help="… that add this.")
@click.option("--ask", "asks", is_flag=True, help="Ask you at that moment, instead of refusing.")
@click.option("--kind", metavar="KIND", help="A check of records of this kind, instead of a guard.")
@click.option("--where", metavar="CONDITION", multiple=True, help="Only of those that meet this.")
@click.option("--has", "needs", metavar="PROPERTY", multiple=True, help="What each of them must have.")
@click.option("--instead", default="", metavar="TEXT", help="What to do instead.")
@json_option
@pass_invocation
def enforce(
    invocation: Invocation, ref: str, kind: str | None, where: tuple[str, ...], needs: tuple[str, ...], asks: bool,
    instead: str, as_json: bool, **pattern: tuple[str, ...],
) -> None:  # fmt: skip
    """Propose that a guard or a check holds a rule, with what it would have done in
    past sessions. Nothing is in force until you answer yes.

    Without an option, shows what holds the rule and what is proposed.
    A command is met by its words in their order, whatever stands between them;
    `*` is any text.

    \b
    Examples:
      onefirm lesson enforce L-3 --command "git push --force"
      onefirm lesson enforce L-3 --path "context/sales/*" --word "lorem ipsum"
      onefirm lesson enforce L-4 --kind task --where status=todo --has due
      onefirm lesson enforce L-3
    """
    from onefirm.cli import hearing
    from onefirm.memory import patterns

    room, is_asked = invocation.firm.enforcements, any(pattern.values()) or asks
    if kind:
        if is_asked:
            raise click.UsageError("A check (--kind) has no pattern of commands, paths or words, and never asks.")
        held = patterns.check(kind, conditions(where), needs, instead=instead)
        found = [room.propose(ref, held, by=invocation.by())]
    elif is_asked or where or needs or instead:
        held = patterns.guard(pattern, asks=asks, instead=instead)
        found = [room.propose(ref, held, by=invocation.by())]
    else:
        found = room.of(ref)
    if as_json:
        screen.data(found)
        return
    screen.show("\n".join(line for one in found for line in hearing.trial(one, invocation.days())))
    if not found:
        screen.say(f"Nothing but its words holds {ref}; --help says how to propose more.")


@lesson.command()
@click.argument("ref", metavar="L-N")
@why_option
@json_option
@pass_invocation
def relax(invocation: Invocation, ref: str, why: str | None, as_json: bool) -> None:
    """Let an enforced rule be words again. Claude can't do this.

    \b
    Examples:
      onefirm lesson relax L-3
    """
    invocation.need_person("Relaxing a rule")
    made = invocation.firm.enforcements.relax(ref, by=invocation.by(why))
    screen.data(made) if as_json else screen.show(f"{made.ref} {made.rule}: words again")


@lesson.command(short_help="Propose how to tidy the rules.")
@click.option("--dry-run", is_flag=True, help="Only show what would be asked.")
@json_option
@pass_invocation
def consolidate(invocation: Invocation, dry_run: bool, as_json: bool) -> None:
    """Propose guides for rules that overlap, and what to retire; list contradictions, and what the rules cost.

    Each proposal waits in the inbox until you answer it; nothing changes before.

    \b
    Examples:
      onefirm lesson consolidate
      onefirm lesson consolidate --dry-run
    """
    firm = invocation.firm
    bill = firm.day.rule_tokens()
    found = firm.consolidation.unanswered() if dry_run else firm.consolidation.ask()
    if as_json:
        screen.data({"proposals": found, "always_on": bill})
        return
    rules = {one.ref: one.rule for one in firm.lessons.every()}
    for one in found:
        screen.title(f"{one.id} {one.why}".strip())
        screen.table(("", ""), [(ref, rules[ref]) for ref in one.refs])
        if one.id:
            screen.entry(f"onefirm lesson answer {one.id} {'|'.join(one.answers)}")
    if not found:
        screen.say("Nothing overlaps, contradicts itself or has fallen silent.")
    screen.title(f"Read by every session: {sum(one.tokens for one in bill)} tokens")
    screen.table(("tokens", "file"), [(one.tokens, one.name) for one in bill])


@lesson.command(short_help="Propose what to learn from what went wrong.")
@json_option
@pass_invocation
def propose(invocation: Invocation, as_json: bool) -> None:
    """Ask whether what went wrong more than once becomes a candidate: writes that were
    taken back, edits that the guard refused, narrative left against the truth,
    commands that failed again. Each is asked about once.

    \b
    Examples:
      onefirm lesson propose
    """
    firm = invocation.firm
    firm.harvest.ask()
    found = firm.consolidation.candidates()
    if as_json:
        screen.data(found)
        return
    for one in found:
        screen.title(f"{one.id} {one.why}")
        screen.entry(f"onefirm lesson answer {one.id} {'|'.join(one.answers)}")
    if not found:
        screen.say("Nothing went wrong often enough to be asked about.")


@lesson.command()
@click.argument("item", metavar="I-N")
@click.argument("answer", metavar="yes|no|L-N")
@click.option("--as", "text", default="", metavar="TEXT", help="The words of the guide; else those of its rules.")
@why_option
@json_option
@pass_invocation
def answer(invocation: Invocation, item: str, answer: str, text: str, why: str | None, as_json: bool) -> None:
    """Answer a proposal about rules. Claude can't do this.

    \b
    Examples:
      onefirm lesson answer I-4 yes --as "State term, date and signer."
      onefirm lesson answer I-5 L-2 --why "the other was for the old contracts"
      onefirm lesson answer I-6 no
    """
    invocation.need_person("Answering a proposal about rules")
    done = invocation.firm.consolidation.answer(item, answer, text=text, by=invocation.by(why))
    screen.data(done) if as_json else screen.show("\n".join(done))

"""The day as the interfaces see it: brief, start, close, doctor."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from onefirm.core.attribution import SYSTEM, By
from onefirm.core.sight import Sight
from onefirm.day import (
    answers,
    archive,
    brief,
    choices,
    close,
    context,
    doctor,
    drift,
    erase,
    exports,
    freshness,
    hatch,
    intake,
    lessons,
    recollection,
    rollups,
    service,
    snapshots,
    start,
    tiers,
    tokens,
    walls,
    watch,
    wiring,
)  # fmt: skip
from onefirm.day.brief import Brief
from onefirm.day.planes import Planes
from onefirm.memory.decisions import Decision
from onefirm.memory.facts import Fact
from onefirm.memory.recall import Recall
from onefirm.memory.rollups import Plan
from onefirm.memory.sources import Archived, Sources
from onefirm.narrative.faults import Fault
from onefirm.narrative.index import Place
from onefirm.narrative.mends import Mended
from onefirm.narrative.scaffold import Scaffold
from onefirm.sessions.shapes import Choice, Moment, Session, Wall
from onefirm.state.records import Records
from onefirm.state.sync.report import SyncReport
from onefirm.store.inbox import InboxItem


class Day:
    """A thin holder over the planes; every decision stands in the module that it calls."""

    def __init__(self, planes: Planes) -> None:
        self._planes = planes

    def behind(self, sight: Sight) -> Day:
        """The same day as a session with this sight has it."""
        return Day(self._planes.behind(sight))

    def brief(self, *, is_patient: bool = True) -> Brief:
        """Where things stand, after pulling what changed at the truth; who isn't patient waits for that no longer than
        a session's start does.
        """
        pulls, by = self._planes.pulls, By(SYSTEM)
        pulled = pulls.whole(self._planes, by) if is_patient else pulls.within(self._planes, by)
        return brief.build(self._planes.renewed(), self._planes.clock.now(), pulled.told)

    def explain(self, number: int) -> str:
        """Why line `number` of the brief stands where it does. Raises NotFound."""
        return brief.explain(self.brief(is_patient=False), number)

    def keep_up(self) -> str:
        """Pull, where the last time is too long ago; what must be told of the mirror's age, "" for nothing."""
        return self._planes.pulls.keep_up(self._planes)

    def pull(self) -> None:
        """Pull, unless somebody is at it."""
        self._planes.pulls.unless_under_way(self._planes)

    def sync(self, wait_s: float, pull: Callable[[Records], SyncReport]) -> SyncReport | None:
        """Pull in a way of one's own, once nobody else pulls; None where somebody did all that time."""
        return self._planes.pulls.sync(self._planes, wait_s, pull)

    def start(self, session: str, client_id: str, source: str, wait_s: float | None = None) -> Brief:
        """Open a session; closes the ones that died. What takes longer than `wait_s` seconds goes on: `finish` it."""
        return start.start(self._planes, session, client_id, source, wait_s)

    @property
    def goes_on(self) -> bool:
        """Whether something is left to be finished."""
        return self._planes.pulls.goes_on

    def finish(self, session: str) -> None:
        """See through what a session's start did not wait for, so that its next prompt tells of it."""
        self._planes.pulls.finish(session)

    def end(self) -> None:
        """Let what goes on in the background end; the truth was closed before."""
        self._planes.pulls.close()

    def close(self, session: str, how: close.How = "ended") -> close.Closed | None:
        """Close a session; None when it is closed already."""
        return close.close(self._planes, session, how)

    def close_left(self) -> list[close.Closed]:
        """Close what ended or died without being closed."""
        return start.close_left(self._planes)

    def settle(self, by: By) -> close.Settled:
        """Hand in what waits, anchor and copy the ledger, where no session is left to close."""
        return close.settle(self._planes, by)

    def decide(self, item_id: str, keep: str, by: By) -> InboxItem:
        """Answer a question about the truth; returns it decided. Raises NotFound, InvalidInput, Refused."""
        return answers.decide(self._planes, item_id, keep, by)

    def lift_guard(self, minutes: int, by: By) -> datetime:
        """Lift the guard for some minutes; returns when it ends."""
        return hatch.lift(self._planes, minutes, by)

    def restore_guard(self, by: By) -> bool:
        """Let the guard stand again; False when it wasn't lifted."""
        return hatch.restore(self._planes, by)

    def declare_wall(self, session: Session, client: str, by: By) -> Wall:
        """Declare a session for one client, by ref or name. Raises NotFound, Refused."""
        return walls.declare(self._planes, session, client, by)

    def lift_wall(self, session: Session, by: By) -> Wall | None:
        """Make a session firm-wide again; None when it is."""
        return walls.lift(self._planes, session, by)

    def seen_before_wall(self, session: Session, wall: Wall) -> list[str]:
        """Other clients' records that the session has looked at already."""
        return walls.seen_before(self._planes, session, wall)

    def sight(self, wall: Wall) -> Sight:
        """What a session behind this wall may see."""
        return walls.sight(self._planes, wall)

    def within(self, sight: Sight) -> Day:
        """The same day, whose sources and facts are those of a session with this sight."""
        planes = self._planes
        return Day(replace(planes, sources=planes.sources.behind(sight), facts=planes.facts.behind(sight)))

    def tier(self, session: str | None, seen: Sight) -> Sight:
        """What is seen, without the notes of other sessions and those whose days are over."""
        return tiers.sight(self._planes, session, seen)

    def archive_file(self, file: Path, said: intake.Said, by: By, *, is_inside: bool = False) -> Archived:
        """Archive what a file holds as a source. Raises NotFound, InvalidInput, Refused, Unavailable."""
        return intake.archive(self._planes, file, said, by, is_inside=is_inside)

    def take_in(self, by: By) -> intake.Taken:
        """Archive what lies in the drop folder, and let go of what has expired."""
        rollups.let_go(self._planes, by)
        return intake.take(self._planes, by)

    def drop_folder(self) -> Path:
        """The drop folder; it is made where there is none."""
        return intake.prepare(self._planes)

    def export_memory(
        self,
        sources: Sources,
        about: str | None = None,
        forms: Sequence[exports.Form] = exports.FORMS,
        *,
        with_texts: bool = False,
    ) -> Mapping[str, Iterable[str]]:
        """Memory as files by name, each in pieces of text, with the sources that the session has. Raises NotFound,
        Refused.
        """
        planes = replace(self._planes, sources=sources)
        return exports.files(planes, about=about, forms=forms, with_texts=with_texts)

    def write_export(self, folder: Path, files: Mapping[str, Iterable[str]]) -> list[Path]:
        """Write such files into a new folder outside of the workspace. Raises Refused."""
        return exports.write(self._planes, folder, files)

    def snapshot_memory(self, *, anew: bool = False) -> snapshots.Outcome:
        """Commit what memory holds now to its own repository. Raises Refused, Unavailable."""
        return snapshots.make(self._planes, anew=anew)

    def plan_roll_ups(self, older_than_days: int) -> list[Plan]:
        """What `roll_up` would make."""
        return rollups.plan(self._planes, older_than_days)

    def roll_up(self, older_than_days: int, by: By) -> list[Fact]:
        """Roll up what ended so many days ago, and what is about to expire."""
        return rollups.make(self._planes, by, older_than_days)

    def undo_roll_up(self, ref: str, by: By) -> Fact:
        """Take a roll-up back. Raises NotFound, Refused for what is none, or none that stands."""
        return rollups.undo(self._planes, ref, by)

    def erasable(self, ref: str) -> erase.Erasable:
        """What an erasure would take that still has content. Raises Refused while the record is in use."""
        return erase.erasable(self._planes, ref)

    def erase(self, ref: str, by: By) -> erase.Erased:
        """Erase what the firm knows of a record, a decision or a lesson, for good."""
        return erase.erase(self._planes, ref, by)

    def choices(self) -> list[Choice]:
        """What the operator chose when Claude asked, and nobody has recorded; the last first."""
        return choices.unrecorded(self._planes)

    def adopt_choice(
        self, number: int, by: By, *, why: str = "", about: Sequence[str] = (), reversible_until: str | None = None
    ) -> Decision:
        """Make a decision of one of them. Raises NotFound, and what recording a decision raises."""
        return choices.adopt(self._planes, number, by, why=why, about=about, reversible_until=reversible_until)

    def drop_choice(self, number: int) -> Choice:
        """Let go of one. Raises NotFound."""
        return choices.drop(self._planes, number)

    def places(self) -> list[Place]:
        """Every file of the context tree, each parent before its children."""
        return context.places(self._planes)

    def learned(self, session: str | None, moments: Iterable[Moment]) -> str:
        """What the firm learned about what a session does now, each lesson once; "" for nothing, and for nobody."""
        return lessons.due(self._planes.root, session, moments, self._planes.clock.now()) if session else ""

    def check_context(self) -> list[Fault]:
        """What is wrong with the context tree, by file and line."""
        return context.check(self._planes)

    def plan_context_mends(self) -> list[Mended]:
        """What of the context tree can be mended without anybody's decision."""
        return context.plan_mends(self._planes)

    def mend_context(self, mended: Iterable[Mended]) -> dict[str, str]:
        """Write what was planned; returns the files left alone, with the reason."""
        return context.mend(self._planes, mended)

    def new_context(
        self, what: str, said: str, *, at: str = "", title: str = "", start: Path | None = None
    ) -> Scaffold:
        """Make a file of the context tree for a record or at a path, and name it in its parent."""
        return context.new(self._planes, what, said, at=at, title=title, start=start)

    def close_context(self, ref: str, by: By, *, anyway: bool = False) -> archive.Archived:
        """Move the files of a closed record into the archive of the context tree, and mend what names them."""
        return archive.close(self._planes, ref, by, anyway=anyway)

    def freshness(self) -> list[freshness.Fresh]:
        """How fresh each file of the context tree is, those first whose records have moved on."""
        return freshness.every(self._planes)

    def confirm_context(self, paths: Sequence[str], by: By, start: Path | None = None) -> list[str]:
        """Record that these files still hold; gives their paths."""
        return freshness.confirm(self._planes, paths, by, start)

    def drift(self) -> drift.Report:
        """Where the narrative says otherwise than the truth, the worst first."""
        return drift.report(self._planes)

    def explain_drift(self, report: drift.Report, number: int) -> str:
        """Why finding `number` stands where it does. Raises NotFound."""
        return drift.explain(report, number)

    def watch_context(self, *, is_polling: bool = False) -> Generator[watch.Look]:
        """The check of the context tree, followed while files change; endless."""
        return watch.follow(self._planes, is_polling=is_polling)

    def remind(self, session: str, prompt: str, recall: Recall) -> str:
        """What memory has to say to a prompt, and hasn't said in this session; "" for nothing."""
        return recollection.at_prompt(self._planes, session, prompt, recall)

    def note_shown(self, session: str, refs: Iterable[str]) -> None:
        """Note what of memory a session was shown, so that no prompt repeats it."""
        recollection.shown(self._planes.root, session, refs)

    def examine(self) -> list[doctor.Finding]:
        """The doctor's findings."""
        return doctor.examine(self._planes)

    def service(self) -> service.Standing:
        """Whether the service runs, what it did last, and what waits."""
        return service.standing(self._planes)

    def accept_wiring(self, by: By) -> list[wiring.Change]:
        """Take hooks, permissions and MCP servers as they are for right; gives what had changed."""
        return wiring.accept(self._planes, by)

    def renew_rules(self) -> list[str]:
        """Make the files anew that lessons become; returns the names of rules that had to be written or removed."""
        return lessons.render(self._planes.root, self._planes.lessons.every, self._planes.secrets_check)

    def rule_tokens(self) -> list[tokens.Part]:
        """What each file of rules costs that every session reads."""
        return tokens.rules(self._planes.root)

    def start_tokens(self, plugin: Path, server: Sequence[str]) -> list[tokens.Part]:
        """What the start of a session costs a model, part by part."""
        return tokens.at_start(self._planes, plugin, server)

"""The one place that reads settings and picks adapters. Every interface gets its Firm here."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from onefirm import settings as settings_file
from onefirm import shipped, workspace
from onefirm.core.clock import Clock, SystemClock, iso
from onefirm.core.errors import Refused, Unavailable
from onefirm.day import checks
from onefirm.day import lessons as rule_files
from onefirm.day.day import Day
from onefirm.day.planes import Planes, Rules
from onefirm.day.premises import Premises
from onefirm.day.projection import Projector
from onefirm.day.pulls import Pulls
from onefirm.day.schema_guard import catch_up
from onefirm.ledger.append import Ledger
from onefirm.memory import court, transcripts
from onefirm.memory.abstraction import Name
from onefirm.memory.consolidation import Consolidation
from onefirm.memory.court import Past
from onefirm.memory.decisions import Decisions
from onefirm.memory.enforcement import Enforcements
from onefirm.memory.facts import Facts
from onefirm.memory.harvest import Failure, Harvest
from onefirm.memory.languages import Languages
from onefirm.memory.lessons import Lessons
from onefirm.memory.recall import Document, Recall
from onefirm.memory.sources import Sources
from onefirm.memory.uses import Uses
from onefirm.memory.vectors.meaning import Meaning
from onefirm.memory.vectors.vectors import NONE, Vectors
from onefirm.narrative import archive, tree
from onefirm.secrets import Secrets
from onefirm.sessions import pulls
from onefirm.sessions.shapes import Patience, Wall
from onefirm.settings import Settings
from onefirm.state import home as homes
from onefirm.state import mirror
from onefirm.state import schema as schemas
from onefirm.state.artifacts import Artifacts
from onefirm.state.records import Records
from onefirm.state.schema import Schema
from onefirm.state.standing import StandingRules
from onefirm.state.truth.base import Truth
from onefirm.state.truth.embedded import EmbeddedTruth
from onefirm.store.engine import SchemaOlder, Store
from onefirm.store.migrate import migrate


@dataclass(frozen=True, slots=True)
class Firm:
    """The rooms of one open workspace. Use it as a context manager; it may be shared between threads."""

    root: Path
    settings: Settings
    clock: Clock
    store: Store
    schema: Schema
    ledger: Ledger
    records: Records
    artifacts: Artifacts
    decisions: Decisions
    lessons: Lessons
    sources: Sources
    facts: Facts
    enforcements: Enforcements
    consolidation: Consolidation
    harvest: Harvest
    recall: Recall
    uses: Uses
    vectors: Vectors
    day: Day
    secrets: Secrets
    projector: Projector

    def close(self) -> None:
        """Give both databases back, and the way to the truth."""
        self.records.plane.truth.close()
        self.uses.settle()
        self.day.end()
        self.projector.close()
        self.store.close()

    def behind(self, wall: Wall) -> Firm:
        """The same firm as a session sees it that is declared for one client; it closes with this one."""
        sight = self.day.sight(wall)
        records = self.records.behind(sight)
        return replace(
            self,
            ledger=self.ledger.behind(sight),
            records=records,
            artifacts=Artifacts(self.root, records),
            decisions=self.decisions.behind(sight),
            lessons=self.lessons.behind(sight),
            sources=self.sources.behind(sight),
            facts=self.facts.behind(sight),
            recall=self.recall.behind(sight),
            uses=self.uses.behind(sight),
            day=self.day.behind(sight),
        )

    def within(self, session: str | None) -> Firm:
        """The same firm as this session of Claude's has it: without what others noted for themselves."""
        sight = self.day.tier(session, self.ledger.sight)
        if sight is self.ledger.sight:
            return self
        rooms = {name: getattr(self, name).behind(sight) for name in ("sources", "facts", "recall")}
        return replace(self, **rooms, day=self.day.within(sight))

    def __enter__(self) -> Firm:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_firm(
    start: Path | None = None,
    *,
    may_migrate: bool = False,
    clock: Clock | None = None,
    truth: Truth | None = None,
    at_home: bool = False,
) -> Firm:
    """Open the workspace at or above `start` (default: the current folder).

    `may_migrate` (command line and service only) brings an older database up, after a backup. `at_home` opens it where
    its records are, whatever onefirm.yaml says of that. Raises NotFound without a workspace, InvalidInput for a wrong
    onefirm.yaml, Unavailable for a database that can't be used, and where onefirm.yaml names another truth.
    """
    root = workspace.find_root(start or Path.cwd())
    settings = settings_file.load(root)
    clock = clock or SystemClock()
    ledger = Ledger(clock, workspace.installation(root))
    secrets = Secrets(root)
    store = _open_store(root, workspace.database_url(root, settings.store, secrets), clock, may_migrate)
    try:
        if truth is None:
            settings = _at_home(settings, store, at_home)
        return _wire(root, settings, clock, store, ledger, secrets, truth)
    except BaseException:
        store.close()
        raise


@contextmanager
def open_premises(start: Path | None = None, clock: Clock | None = None) -> Generator[Premises]:
    """What connecting to Notion needs of a workspace: all but its truth. Raises as `open_firm`."""
    root = workspace.find_root(start or Path.cwd())
    settings, secrets, clock = settings_file.load(root), Secrets(root), clock or SystemClock()
    workspace.installation(root)
    store = _open_store(root, workspace.database_url(root, settings.store, secrets), clock, may_migrate=False)
    try:
        schema = _schema(store)
        with store.read() as conn:
            remembered = schemas.remembered(conn)
        yield Premises(root, store, schema, remembered, clock, secrets, settings.currency, settings.truth)
    finally:
        store.close()


def keep_in_notion(premises: Premises) -> None:
    """Say in onefirm.yaml that the records are in Notion. Raises Refused for a firm that has records elsewhere."""
    if count := premises.records():
        raise Refused(
            f"The firm has {count} record(s) of its own, which would be left behind.",
            hint="`onefirm truth move notion` takes them along.",
        )
    settings_file.change(premises.root, "truth", "notion")


def use_vectors(firm: Firm, model: str) -> None:
    """Say in onefirm.yaml which model is used (`none`: no one), and drop what other ones made."""
    settings_file.change(firm.root, "vectors", model)
    firm.vectors.forget(but=model)


def _at_home(settings: Settings, store: Store, at_home: bool) -> Settings:
    with store.read() as conn:
        home = homes.of(conn)
    if home is None or home == settings.truth:
        return settings
    if not at_home:
        raise Unavailable(
            f"onefirm.yaml says `truth: {settings.truth}`, and the firm's records are in {homes.CALLED[home]}.",
            hint=f"`onefirm truth move {home}` leaves them there, `onefirm truth move {settings.truth}` moves them.",
        )
    return settings.model_copy(update={"truth": home})


def _open_store(root: Path, url: str, clock: Clock, may_migrate: bool) -> Store:
    try:
        return Store.open(url)
    except SchemaOlder:
        if not may_migrate:
            raise
        migrate(url, root / workspace.HIDDEN / "backup", iso(clock.now()).replace(":", ""))
        return Store.open(url)


def _wire(
    root: Path, settings: Settings, clock: Clock, store: Store, ledger: Ledger, secrets: Secrets, truth: Truth | None
) -> Firm:
    schema = _schema(store)
    catch_up(root, schema)
    project = Projector(root, store, ledger)
    records = Records(
        store,
        ledger,
        truth or _truth(root, settings, clock, store, secrets),
        schema,
        clock,
        timezone=settings.timezone,
        currency=settings.currency,
        project=project,
        secrets_check=secrets.looks_secret,
        rules=StandingRules(settings.brief.due_soon_days, settings.brief.stale_days),
    )
    decisions = Decisions(
        store, ledger, clock, project, records.closed, secrets.looks_secret, timezone=settings.timezone
    )

    def learned() -> None:
        project()
        rule_files.render(root, lessons.every, secrets.looks_secret)

    lessons = Lessons(
        store, ledger, clock, learned, secrets.looks_secret, names=lambda: _names(store),
        past=lambda: _past(store, ledger), timezone=settings.timezone,
    )  # fmt: skip
    sources = Sources(store, ledger, clock, project, secrets.looks_secret)
    facts = Facts(store, ledger, clock, sources, project, secrets.looks_secret, settings.timezone)
    uses = Uses(store, clock)
    models = root / workspace.HIDDEN / "models"
    meaning = Meaning(models, settings.vectors) if settings.vectors != NONE else None
    spoken = Languages(settings.memory.language, settings.memory.clients)
    recall = Recall(
        store, ledger, lambda: _documents(root), archive.is_archived, lambda: tree.stamp(root), spoken, uses,
        timezone=settings.timezone, meaning=meaning,
    )  # fmt: skip
    vectors = Vectors(store, models, meaning, recall.refresh)
    enforcements = Enforcements(
        store, ledger, clock, lessons, look=lambda pattern: checks.look(records, pattern),
        past=lambda: _past(store, ledger), names=lambda: _names(store), secrets_check=secrets.looks_secret,
    )  # fmt: skip
    harvest = Harvest(store, ledger, clock, lessons, failures=lambda: _failures(store), names=lambda: _names(store))
    consolidation = Consolidation(
        store, ledger, clock, lessons, lambda: _past(store, ledger), timezone=settings.timezone,
        silent_weeks=settings.lessons.silent_weeks, enforcements=enforcements, harvest=harvest,
    )  # fmt: skip
    rules = Rules(
        settings.firm,
        settings.timezone,
        settings.brief.tokens,
        settings.context.root_tokens,
        settings.context.chain_tokens,
        settings.brief.stale_days,
        settings.sessions.keep_days if settings.sessions.archive else 0,
    )
    planes = Planes(
        root, rules, clock, store, ledger, schema, records, decisions, lessons, sources, facts, project,
        secrets.looks_secret, secrets.known_in, _plugin(), pulls=Pulls(_patience(root, settings)),
        keep_rules=consolidation.keep_up, vectors=vectors,
    )  # fmt: skip
    project()
    artifacts, day = Artifacts(root, records), Day(planes)
    return Firm(
        root,
        settings,
        clock,
        store,
        schema,
        ledger,
        records,
        artifacts,
        decisions,
        lessons,
        sources,
        facts,
        enforcements,
        consolidation,
        harvest,
        recall,
        uses,
        vectors,
        day,
        secrets,
        project,
    )


def _names(store: Store) -> list[Name]:
    """Who and what must not be named in a lesson, former ones among them."""
    with store.read() as conn:
        return [Name(kind, title) for kind, title in mirror.titles(conn)]


def _past(store: Store, ledger: Ledger) -> list[Past]:
    with store.read() as conn:
        return court.joined([*court.past(conn, ledger), *transcripts.past(conn)])


def _failures(store: Store) -> list[Failure]:
    with store.read() as conn:
        return list(transcripts.failures(conn))


def _patience(root: Path, settings: Settings) -> Patience | None:
    """How patient a session is with the truth, which its hooks are told too; None for one that answers at once."""
    asked = settings.pull
    far: Patience = {"deadline_s": asked.deadline_s, "every_s": asked.every_minutes * 60}
    patience = None if settings.truth == "embedded" else far
    with suppress(OSError):  # what reads it has a default
        pulls.declare(str(root), patience)
    return patience


def _schema(store: Store) -> Schema:
    with store.read() as conn:
        schema = schemas.current(conn)
    if schema is None:
        raise Unavailable("The database holds no schema of records.", hint="Run `onefirm doctor --fix`.")
    return schema


def _truth(root: Path, settings: Settings, clock: Clock, store: Store, secrets: Secrets) -> Truth:
    with store.read() as conn:
        schema = schemas.remembered(conn)
    if settings.truth == "embedded":
        return EmbeddedTruth(store, schema, clock)
    from onefirm.state.truth.notion import mapping, tellings  # and with it Notion's client, a tenth of a second
    from onefirm.state.truth.notion.truth import NotionTruth

    tellings.catch_up(root, store)
    mapped = mapping.read(root, schema)
    return NotionTruth.connect(store, schema, clock, mapped, notion_token(secrets), settings.timezone)


def notion_token(secrets: Secrets) -> str:
    """What Notion lets this firm in by. Raises Unavailable without one."""
    token = secrets.get("notion")
    if token is None:
        raise Unavailable(
            "The truth is Notion, and there is no token for it.",
            hint="Run `onefirm connect notion`, or put it into the environment as ONEFIRM_SECRET_NOTION.",
        )
    return token.reveal()


def _plugin() -> Path | None:
    try:
        return shipped.path()
    except Unavailable:
        return None


def _documents(root: Path) -> Iterable[Document]:
    for file in tree.read(root):
        yield Document(file.path, file.refs, file.text)

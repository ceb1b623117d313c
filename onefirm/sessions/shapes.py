"""The shapes that leave this room, as plain dictionaries. For type checkers and the core, never for a hook."""

from typing import TypedDict


class Session(TypedDict):
    """One session of ours. `state` is `open`, `ending` (its end was announced, its close is due) or `closed`."""

    session: str
    client_id: str
    source: str
    parent: str | None
    cwd: str
    pid: int | None
    started_at: str
    state: str
    reason: str | None
    alive: bool


class Receipt(TypedDict):
    """Proof that a session looked at (`seen`), wrote (`written`) or queued a write of (`pending`) one record."""

    kind: str
    etag: str | None
    at: str


class State(TypedDict):
    """What the truth last said of one record, as far as this machine's ledger knows."""

    ref: str
    kind: str
    title: str
    status: str | None
    props: dict[str, object]
    etag: str | None
    at: str
    actor: str | None
    archived: bool


class Known(TypedDict):
    """The version of a record that a conversation knows. `is_told`: it stands there in words."""

    etag: str | None
    props: dict[str, object]
    archived: bool
    is_told: bool


class Edit(TypedDict):
    """One change of one narrative file. A `before_sha` of None is a new file, an `after_sha` of None a deleted one.

    `one_of` has several sessions where nobody can tell which of them made it.
    """

    one_of: list[str]
    path: str
    renamed_from: str | None
    tool: str
    agent: str | None
    before_sha: str | None
    after_sha: str | None
    at: str


class Change(TypedDict):
    """A difference between the stored snapshot and the folder."""

    path: str
    renamed_from: str | None
    before_sha: str | None
    after_sha: str | None


class Patience(TypedDict):
    """How long a session waits for what changed at the truth, and how often it asks."""

    deadline_s: float
    every_s: float


class Hatch(TypedDict):
    """The operator's opening of the guard."""

    until: float
    why: str
    by: str
    at: str


class Mark(TypedDict):
    """The last time a hook ran."""

    hook: str
    at: str
    version: str
    ms: float
    outcome: str


class Unreconciled(TypedDict):
    """A change that the session left standing after it was told that the truth does not carry it."""

    path: str
    why: str
    at: str


class Wall(TypedDict):
    """A session's declaration for one client. `parties` are the prefixes of clients' and of prospects' refs."""

    client: str
    title: str
    parties: list[str]
    at: str


class Moment(TypedDict, total=False):
    """Something that a session does: it touches a file, runs a command, or writes a record of some kind.

    `text` is what is said in it: a prompt, a record's words, what an edit adds. `plain` is that, or the command, as
    triggers are held against it (`triggers.heard`).
    """

    path: str
    command: str
    kind: str
    text: str
    plain: str


class Said(TypedDict):
    """Something in a session's transcript. `what` is `prompt`, `answer`, `command`, `path` (an edit; `more` is what it
    adds), `call` (of any other tool) or `failed` (a command's first line; `more` is the end of what it said).
    """

    what: str
    text: str
    more: str


class Chosen(TypedDict):
    """What the operator chose when Claude asked; `why` is what was said of it, "" for nothing."""

    question: str
    chosen: str
    rejected: list[str]
    why: str


class Choice(Chosen):
    """The same as it is kept. `client` is the ref of whom its session was declared for, "" for nobody."""

    id: int
    session: str
    client: str
    at: str

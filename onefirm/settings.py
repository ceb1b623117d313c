"""onefirm.yaml, read and checked. Only bootstrap and workspace read settings; the rooms get values."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from onefirm import yamlfile
from onefirm.core.errors import InvalidInput
from onefirm.core.ids import REF

FILE = "onefirm.yaml"


def _timezone(name: str) -> str:
    if not _is_timezone(name):
        near = get_close_matches(name, available_timezones(), 1)
        raise ValueError(f"“{name}” is no IANA time zone{f'; did you mean {near[0]}?' if near else ''}")
    return name


def _is_timezone(name: str) -> bool:
    """As `available_timezones` has it, which reads a few hundred files to say so."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return False
    return not name.startswith(("posix", "right/"))


def _one_line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("must be one line of text")
    return text


def _store(url: str) -> str:
    if url == "sqlite" or url.startswith("secret:"):
        return url
    if not url.startswith("postgresql+psycopg://"):
        raise ValueError("must be sqlite, postgresql+psycopg://HOST/DATABASE, or secret:NAME")
    if "@" in url and ":" in url.split("://", 1)[1].rsplit("@", 1)[0]:
        raise ValueError(
            "holds a password; keep it out of git: `onefirm secret set database`, then `store: secret:database`"
        )
    return url


def _ref(text: str) -> str:
    if not REF.fullmatch(text):
        raise ValueError(f"“{text}” is no ref of a client, such as CL-2")
    return text


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BriefSettings(_Section):
    """What the brief calls soon and stale, and how long it may be."""

    due_soon_days: Annotated[int, Field(ge=0, le=90)] = 7
    stale_days: Annotated[int, Field(ge=1, le=365)] = 14
    tokens: Annotated[int, Field(ge=200, le=1200)] = 1200


class ContextSettings(_Section):
    """What the context tree may cost: all that every session loads, and all that loads for one file, in tokens."""

    root_tokens: Annotated[int, Field(ge=200, le=20_000)] = 1500
    chain_tokens: Annotated[int, Field(ge=500, le=100_000)] = 6000


class PullSettings(_Section):
    """A truth that is far away: how long a session waits for what changed there, and how old the mirror may become."""

    deadline_s: Annotated[float, Field(ge=1, le=15)] = 4.0
    every_minutes: Annotated[float, Field(ge=0.5, le=1440)] = 5.0


class SessionSettings(_Section):
    """Whether what was said and done in a session is kept as evidence, and for how many days."""

    archive: bool = True
    keep_days: Annotated[int, Field(ge=1, le=3650)] = 30


class ServiceSettings(_Section):
    """How often the service pulls, and at which port of this machine it hears webhooks; none by default."""

    pull_every_minutes: Annotated[float, Field(ge=0.1, le=1440)] = 2.0
    webhook_port: Annotated[int, Field(ge=0, le=65_535)] | None = None


class MemorySettings(_Section):
    """The language of what is remembered, and of those clients and prospects, by ref, that have another one. English
    words are stemmed; those of any other language are looked for from their stem on.
    """

    language: Literal["english", "other"] = "english"
    clients: Mapping[Annotated[str, AfterValidator(_ref)], Literal["english", "other"]] = {}


class LessonSettings(_Section):
    """For how many weeks a rule may be silent before the operator is asked whether to retire it."""

    silent_weeks: Annotated[int, Field(ge=1, le=520)] = 8


class Settings(_Section):
    """The whole of onefirm.yaml. Every key but `firm` has a default."""

    version: Literal[1] = 1
    firm: Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_one_line)]
    operator: Annotated[str, Field(max_length=120)] = ""
    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"
    truth: Literal["embedded", "notion"] = "embedded"
    store: Annotated[str, AfterValidator(_store)] = "sqlite"
    vectors: Annotated[str, Field(pattern=r"^(none|(minilm|static)@[0-9a-f]{12})$")] = "none"
    brief: BriefSettings = BriefSettings()
    context: ContextSettings = ContextSettings()
    pull: PullSettings = PullSettings()
    sessions: SessionSettings = SessionSettings()
    service: ServiceSettings = ServiceSettings()
    lessons: LessonSettings = LessonSettings()
    memory: MemorySettings = MemorySettings()


def load(root: Path) -> Settings:
    """Read the workspace's onefirm.yaml. Raises InvalidInput that lists every mistake with its line."""
    return check(yamlfile.read(root / FILE))


def change(root: Path, name: str, value: str) -> None:
    """Set one value in onefirm.yaml, whole or not at all; every other line stays as it is.

    Raises InvalidInput for a file with mistakes, a value that can't stand there, or a form that can't be changed so.
    """
    path, draft = root / FILE, root / f".{FILE}.draft"
    load(root)
    text = yamlfile.changed(path, path.read_text(encoding="utf-8"), [((name,), value)])
    check(parse(text))
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def parse(text: str) -> yamlfile.YamlFile:
    """The text of an onefirm.yaml that isn't written yet."""
    return yamlfile.parse(Path(FILE), text.encode("utf-8"))


def check(file: yamlfile.YamlFile) -> Settings:
    """Validate what was read; all mistakes are reported at once."""
    try:
        return Settings.model_validate(file.value)
    except ValidationError as error:
        found = sorted(error.errors(), key=lambda problem: file.line(problem["loc"]))
        problems = [_problem(file, problem) for problem in found]
        raise InvalidInput(
            f"{FILE} has {len(problems)} mistake{'s' if len(problems) > 1 else ''}:\n" + "\n".join(problems),
            hint="Mend these lines; nothing was changed.",
        ) from None


def mistake(name: str, value: str) -> str | None:
    """What is wrong with a value for one setting, before there is a file; None when it may stand."""
    try:
        Settings.model_validate({"firm": "A firm", name: value})
    except ValidationError as error:
        said = error.errors()[0]
        pattern = said["type"] == "string_pattern_mismatch"
        return "is no ISO code such as EUR" if pattern else said["msg"].removeprefix("Value error, ")
    return None


def _problem(file: yamlfile.YamlFile, problem: Any) -> str:
    at: yamlfile.KeyPath = problem["loc"]
    key = ".".join(str(part) for part in at) or "the file"
    said = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        near = get_close_matches(str(at[-1]), _names(at[:-1]), 1)
        said = f"no such setting{f'; did you mean {near[0]}?' if near else ''}"
    return f"  line {file.line(at)}: {key}: {said[0].lower() + said[1:]}"


def _names(section: yamlfile.KeyPath) -> list[str]:
    return list(_SECTIONS.get(section, Settings).model_fields)


_SECTIONS: Mapping[yamlfile.KeyPath, type[_Section]] = {
    ("brief",): BriefSettings,
    ("context",): ContextSettings,
    ("pull",): PullSettings,
    ("sessions",): SessionSettings,
    ("service",): ServiceSettings,
    ("lessons",): LessonSettings,
    ("memory",): MemorySettings,
}

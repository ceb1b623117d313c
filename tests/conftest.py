"""What every test runs in: a home of its own, no settings of the machine, and time that stands still when asked to."""

import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from onefirm.simulators.notion import Notion
from support import home, postgres
from support.clock import FixedClock
from support.postgres import Postgres, PostgresMissing
from support.unmeasured import not_measured, told

PROJECT = Path(__file__).resolve().parent.parent
HOME = pytest.StashKey[Path]()

# A shared machine may stop for a second at any moment: time is measured in scripts/bench, never by a deadline here
settings.register_profile("dev", deadline=None, max_examples=25)
settings.register_profile("ci", deadline=None, max_examples=50, print_blob=True)
settings.register_profile("long", deadline=None, max_examples=5000, print_blob=True)
settings.register_profile(
    "deterministic",
    deadline=None,
    max_examples=25,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """On which truth the firms of the tests stand."""
    parser.addoption(
        "--truth", choices=("embedded", "notion"), default="embedded", help="where the firms keep their records"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Move into a fresh home before any test module is imported: some read the environment then."""
    if not config.getoption("--hypothesis-profile", None):
        settings.load_profile("dev")
    config.stash[HOME] = Path(tempfile.mkdtemp(prefix="home-"))
    home.move_into(config.stash[HOME])
    time.tzset()
    home.guard(PROJECT)
    if config.getoption("--truth") == "notion":
        from support import firms  # what it imports reads the environment

        firms.choose("notion")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what runs behind its back
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out on Notion what holds for the embedded store only."""
    for item in items if config.getoption("--truth") == "notion" else ():
        if only := item.get_closest_marker("embedded"):
            item.add_marker(pytest.mark.skip(reason=f"on the embedded store only: {only.args[0]}"))


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[HOME], ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Repeat what was not measured: a skip in a long list of dots is easily taken for a pass."""
    lines = list(told(terminalreporter.stats.get("skipped", [])))
    if lines:
        terminalreporter.section("not measured")
        terminalreporter.write("\n".join((*lines, "")))


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at a Monday morning until the test moves it."""
    return FixedClock()


@pytest.fixture
def notion() -> Iterator[Notion]:
    """A Notion of its own, on real time unless the test moves it; at the end all its answers must be Notion's."""
    from support import notion as judged  # a JSON Schema validator, which few tests need

    with Notion() as running:
        yield running
    assert judged.faults(running) == []


@pytest.fixture(scope="session")
def tokens() -> Callable[[str], int]:
    """Counts tokens as o200k_base does: `tokens(text)`. The budgets of tools and briefs are stated in it."""
    with warnings.catch_warnings():  # it opens its data by a way that Python 3.11 calls deprecated
        warnings.simplefilter("ignore", DeprecationWarning)
        from bpe_openai import get_encoding  # half a second, and 75 MB that most runs don't need

        encoding = get_encoding("o200k_base")
    return lambda text: len(encoding.encode_ordinary(text))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One throw-away server for the whole session."""
    try:
        with postgres.server() as server:
            yield server
    except PostgresMissing as missing:
        not_measured(str(missing))


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a migrated database to copy, which takes a tenth of the time of migrating."""
    from onefirm.store.migrate import migrate  # after the fresh home

    with postgres_server.database() as url:
        migrate(url, tmp_path_factory.mktemp("backup"), "never")
        yield url.rpartition("/")[2]


@pytest.fixture
def migrated_postgres(postgres_server: Postgres, postgres_template: str) -> Iterator[str]:
    """SQLAlchemy's URL of a fresh, migrated database."""
    with postgres_server.database(postgres_template) as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """SQLAlchemy's URL of a fresh, migrated database, on SQLite and on Postgres in turn."""
    from contract.stores import sqlite_url  # after the fresh home

    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    url: str = request.getfixturevalue("migrated_postgres")
    return url


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """SQLAlchemy's URL of a fresh, empty database."""
    with postgres_server.database() as url:
        yield url

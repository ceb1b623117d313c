"""The program's own environment where nobody installed one: made from the plugin's lock, beside its data.

Standard library only, and run by path: `bin/onefirm` starts this file with whatever Python it finds, before there is
an environment to import anything from.

    DATA/env/<version>-py<x.y>-<lock>/   one venv for each version; `requirements.txt` in it says that it is whole
    DATA/env/current                     a link to the one in use, replaced in one step
    DATA/env/lock  build.log  failed     one builder at a time; what it did; why the last one gave up
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

STEP_LIMIT_S = 900
NEEDED = ("alembic", "click", "git", "mcp", "pydantic", "rich", "sqlalchemy", "yaml")
_KNOWN = (
    (
        ("no space left", "disk quota exceeded"),
        "The disk is full, and the environment could not be made. Free some 200 MB",
    ),
    (
        ("permission denied", "operation not permitted", "read-only file system"),
        "The environment can't be made in {folder}: it is not yours to write. Make that folder yours, or let its owner "
        "run `onefirm doctor` once",
    ),
    (
        ("hash mismatch", "do not match the hashes"),
        "A package that came is not the one that onefirm's lock names, so nothing was installed. A cache or a mirror "
        "on the way may hold another file: empty it (uv cache clean, pip cache purge) or go round it",
    ),
    (
        ("invalid peer certificate", "certificate_verify_failed", "certificate verify failed"),
        "The packages could not be fetched: the package index shows a certificate that this machine doesn't know. "
        "Where a proxy stands in for it, name the proxy's certificates: SSL_CERT_FILE for uv, PIP_CERT for pip",
    ),
    (
        ("failed to establish a new connection", "name resolution", "network is unreachable", "dns error",
         "error sending request", "connection refused", "timed out", "proxyerror", "cannot connect to proxy"),
        "The packages could not be fetched: the package index can't be reached. Go online",
    ),
    (
        ("ensurepip",),
        "This Python ({python}) can't make a venv. Install python3-venv, or uv",
    ),
)  # fmt: skip
"""What installers and the system say when they give up, and what the operator can do about it."""


class BuildFailed(Exception):
    """The environment could not be made; the message is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Place:
    """`root` is the plugin's folder (with `requirements.txt`), `data` where it may keep what it makes."""

    root: Path
    data: Path

    @property
    def folder(self) -> Path:
        """Where environments lie."""
        return self.data / "env"

    @property
    def lock(self) -> Path:
        """What is installed, with versions and hashes."""
        return self.root / "requirements.txt"

    @property
    def name(self) -> str:
        """The environment of this version, this Python and this lock."""
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        return f"{_version(self.root)}-py{version}-{hashlib.sha256(self.lock.read_bytes()).hexdigest()[:12]}"


def ready(place: Place) -> bool:
    """Whether the environment in use is whole and of this lock."""
    current = place.folder / "current"
    with suppress(OSError):
        return (current / "requirements.txt").read_bytes() == place.lock.read_bytes() and os.access(
            _python(current), os.X_OK
        )
    return False


def start(place: Place) -> subprocess.Popen[bytes]:
    """Build in a process of its own that outlives this one; a second builder waits for the first and finds it done."""
    _make_folder(place)
    with open(place.folder / "build.log", "ab", opener=_private) as log:
        return subprocess.Popen(
            [sys.executable, "-I", __file__, "build", str(place.root), str(place.data)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def wait(place: Place, say: Callable[[str], object]) -> None:
    """Build, telling each step as it begins. Raises BuildFailed. Interrupted, the build goes on without the waiter."""
    say("setting up (once for each version; about a minute)…")
    told = len(_steps(place))  # the log of earlier builds
    builder = start(place)
    while builder.poll() is None:
        time.sleep(0.1)
        steps = _steps(place)
        for step in steps[told:]:
            say(step)
        told = len(steps)
    if not ready(place):
        raise BuildFailed(why(place, builder.returncode))
    say("ready.")


def why(place: Place, status: int) -> str:
    """Why a build that has ended with this exit status (negative: the signal that ended it) made nothing."""
    log = place.folder / "build.log"
    if status < 0:  # it could not say anything any more: what stands there is of an earlier one
        return f"The build was ended by signal {-status}; the next start tries again. The whole story: {log}."
    return last_failure(place) or f"The environment could not be made. The whole story: {log}."


def last_failure(place: Place) -> str:
    """Why the last build gave up; empty when it did not."""
    with suppress(OSError):
        return (place.folder / "failed").read_text(encoding="utf-8").strip()
    return ""


def build(place: Place) -> None:
    """Make the environment and switch to it.

    1. Wait for any other builder; when it has done the work, stop.
    2. Make the venv under its final name and install the lock into it, every file held against its hash.
    3. Import what the program needs, then mark the venv as whole.
    4. Point `current` at it, and remove what is older than the one before: a running server may still import from that.
    """
    with _alone(place):
        if ready(place):
            return
        began, target = time.monotonic(), place.folder / "unnamed"
        try:
            target = place.folder / place.name
            shutil.rmtree(target, ignore_errors=True)
            _install(place, target)
            _step("checking that it imports")
            _run([str(_python(target)), "-I", "-c", f"import {', '.join(NEEDED)}"])
            shutil.copyfile(place.lock, target / "requirements.txt")
            _switch(place, target)
        except (BuildFailed, OSError) as failed:
            shutil.rmtree(target, ignore_errors=True)
            sentence = told(failed, place)
            with suppress(OSError), open(place.folder / "failed", "w", encoding="utf-8", opener=_private) as file:
                file.write(f"{sentence}\n")
            raise BuildFailed(sentence) from None
        (place.folder / "failed").unlink(missing_ok=True)
        _step(f"made in {time.monotonic() - began:.0f} s")


def _install(place: Place, target: Path) -> None:
    failures: list[str] = []
    for way in (_with_uv, _with_pip):
        try:
            if way(place, target):
                return
        except BuildFailed as failed:
            failures.append(str(failed))
            shutil.rmtree(target, ignore_errors=True)
    raise BuildFailed("\n".join(failures))


def _with_uv(place: Place, target: Path) -> bool:
    uv = shutil.which("uv")
    if uv is None:
        return False
    _step("making a venv and fetching the locked packages (uv)")
    _run([uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(target)])
    packages = ["--require-hashes", "--no-deps", "--compile-bytecode", "-r", str(place.lock)]
    _run([uv, "pip", "install", "--quiet", "--python", str(_python(target)), *packages])
    return True


def _with_pip(place: Place, target: Path) -> bool:
    _step("making a venv")
    _run([sys.executable, "-I", "-m", "venv", str(target)])
    _step("fetching the locked packages (pip)")
    pip = [str(_python(target)), "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet"]
    _run([*pip, "install", "--retries", "2", "--require-hashes", "--no-deps", "-r", str(place.lock)])
    return True


def told(failed: BuildFailed | OSError, place: Place) -> str:
    """A failure as a sentence with the next step, from the words of an installer or of the system."""
    said = f"{failed}"
    last = (said.strip().splitlines() or ["no reason was given"])[-1]
    sentence = f"The environment could not be made: {last[:300]}"
    for marks, known in _KNOWN:
        if any(mark in said.lower() for mark in marks):
            sentence = known.format(folder=place.folder, python=sys.executable)
            break
    log = place.folder / "build.log"
    return f"{sentence}; the next start tries again." + (f" The whole story: {log}." if os.access(log, os.R_OK) else "")


def _switch(place: Place, target: Path) -> None:
    current = place.folder / "current"
    before = current.resolve().name if current.is_symlink() else ""
    draft = place.folder / f".current.{os.getpid()}"
    draft.symlink_to(target.name)
    draft.replace(current)
    for other in place.folder.iterdir():
        if other.is_dir() and not other.is_symlink() and other.name not in (target.name, before):
            shutil.rmtree(other, ignore_errors=True)


@contextmanager
def _alone(place: Place) -> Generator[None]:
    _make_folder(place)
    handle = os.open(place.folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _make_folder(place: Place) -> None:
    """Others may use what is made here; an older folder was its owner's alone."""
    place.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    if place.folder.stat().st_uid == os.getuid():
        place.folder.chmod(0o755)


def _private(path: str, flags: int) -> int:
    """Opens what an installer said, which may hold the address of a private index, for its owner alone."""
    return os.open(path, flags, 0o600)


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=STEP_LIMIT_S, env=_clean(), check=False)
    except subprocess.TimeoutExpired:
        raise BuildFailed(f"{Path(command[0]).name} timed out after {STEP_LIMIT_S} s") from None
    except OSError as error:
        raise BuildFailed(f"{command[0]}: {error.strerror}") from None
    output = f"{done.stdout}{done.stderr}"
    print(f"$ {' '.join(command)}\n{output}", flush=True)
    if done.returncode:
        raise BuildFailed(output or f"{Path(command[0]).name} ended with {done.returncode}")


def _clean() -> dict[str, str]:
    """The environment without what would lead an installer elsewhere, and without the client's keys."""
    strange = ("PIP_TARGET", "PIP_PREFIX", "PIP_USER", "VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT")
    kept = {k: v for k, v in os.environ.items() if k not in strange and not k.startswith(("ANTHROPIC_", "PYTHON"))}
    return kept | {"GIT_PYTHON_REFRESH": "quiet"}  # a machine without git gets its environment; doctor tells the rest


def _step(text: str) -> None:
    print(f"{_STEP}{text}", flush=True)


def _steps(place: Place) -> list[str]:
    with suppress(OSError):
        lines = (place.folder / "build.log").read_text(encoding="utf-8", errors="replace").splitlines()
        return [line.removeprefix(_STEP) for line in lines if line.startswith(_STEP)]
    return []


def _python(environment: Path) -> Path:
    return environment / "bin" / "python"


def _version(root: Path) -> str:
    for line in (root / "onefirm" / "__init__.py").read_text(encoding="utf-8").splitlines():
        if line.startswith("__version__"):
            return line.split('"')[1]
    raise BuildFailed("onefirm/__init__.py names no version: this copy of the plugin is damaged; install it again.")


_STEP = "onefirm: "


def say(text: str) -> None:
    """On stderr, for a terminal of 80 columns; a path stays whole."""
    lines = textwrap.wrap(f"{_STEP}{text}", 79, break_long_words=False, break_on_hyphens=False)
    print("\n".join(lines), file=sys.stderr, flush=True)


def main(verb: str, root: str, data: str) -> int:
    """`environment.py build|start|wait ROOT DATA`; steps and failures go to stderr, but `build`'s to its log."""
    place = Place(Path(root), Path(data))
    try:
        if verb == "start":
            start(place)
        elif verb == "wait":
            wait(place, say)
        else:
            build(place)
    except (BuildFailed, OSError) as failed:
        sentence = told(failed, place) if isinstance(failed, OSError) else str(failed)
        if verb == "build":
            print(sentence, flush=True)  # no step: whoever waits for the build says it
        else:
            say(sentence)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""Secrets: where they come from, who may read them, and that they never show."""

import copy
import json
import logging
import os
import pickle
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from onefirm.core.credentials import JUDGED, SHAPES
from onefirm.core.errors import FirmError, InvalidInput, NotFound, Refused, Unavailable
from onefirm.secrets import Credential, Secret, Secrets
from support.clock import FixedClock

VALUE = "correct horse battery staple"


class FakeKeyring:
    """A keyring that keeps in memory, or fails as a locked one does."""

    class errors:  # noqa: N801
        class KeyringError(Exception):
            pass

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}
        self.locked = False

    def _check(self) -> None:
        if self.locked:
            raise self.errors.KeyringError

    def set_password(self, service: str, name: str, value: str) -> None:
        self._check()
        self.held[service, name] = value

    def get_password(self, service: str, name: str) -> str | None:
        self._check()
        return self.held.get((service, name))

    def delete_password(self, service: str, name: str) -> None:
        self._check()
        del self.held[service, name]


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)


@pytest.fixture
def keyring(no_keyring: None, monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    fake = FakeKeyring()
    monkeypatch.setitem(sys.modules, "keyring", fake)
    return fake


@pytest.fixture
def secrets(tmp_path: Path, clock: FixedClock) -> Secrets:
    return Secrets(tmp_path, {}, clock)


def file_of(tmp_path: Path) -> Path:
    return tmp_path / ".onefirm/secrets.json"


def test_a_secret_is_kept_in_a_file_that_only_its_owner_can_read(secrets: Secrets, tmp_path: Path) -> None:
    assert secrets.set("database", VALUE) == "file"
    found = secrets.get("database")
    assert found is not None
    assert found.reveal() == VALUE
    assert file_of(tmp_path).stat().st_mode & 0o777 == 0o600
    assert file_of(tmp_path).parent.stat().st_mode & 0o777 == 0o700
    assert secrets.get("other") is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622, 0o601])
def test_a_file_that_others_can_read_is_refused_with_the_command_that_helps(
    secrets: Secrets, tmp_path: Path, mode: int
) -> None:
    secrets.set("database", VALUE)
    file_of(tmp_path).chmod(mode)
    for use in (lambda: secrets.get("database"), secrets.inventory, lambda: secrets.set("x", VALUE)):
        with pytest.raises(Refused) as refused:
            use()
        assert f"chmod 600 '{file_of(tmp_path)}'" in refused.value.hint
        assert VALUE not in str(refused.value)


def test_the_environment_comes_first(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path, {"ONEFIRM_SECRET_DATABASE": "from the environment", "NOTION_TOKEN": "inherited"})
    secrets.set("database", VALUE, owner="Ada", ends_on="2027-06-30")
    found = secrets.get("database")
    assert found == Secret("from the environment")
    assert secrets.get("notion_token") is None
    assert secrets.inventory() == [Credential("database", "environment", None, "Ada", "2027-06-30")]


def test_what_was_typed_into_the_plugins_options_goes_before_all_else(tmp_path: Path) -> None:
    environ = {"CLAUDE_PLUGIN_OPTION_NOTION_TOKEN": "ntn_of_the_plugin", "ONEFIRM_SECRET_NOTION": "ntn_other"}
    assert Secrets(tmp_path, environ).get("notion") == Secret("ntn_of_the_plugin")
    assert Secrets(tmp_path, environ).known_in("it is ntn_of_the_plugin") == "the secret “notion”"
    assert Secrets(tmp_path, {**environ, "CLAUDE_PLUGIN_OPTION_NOTION_TOKEN": ""}).get("notion") == Secret("ntn_other")


def test_the_inventory_knows_source_owner_and_end_and_no_value(secrets: Secrets, clock: FixedClock) -> None:
    secrets.set("notion", VALUE, owner="the operator", ends_on="2027-06-30")
    secrets.set("database", VALUE)
    assert secrets.inventory() == [
        Credential("database", "file", "2026-11-02T08:00:00.000000Z"),
        Credential("notion", "file", "2026-11-02T08:00:00.000000Z", "the operator", "2027-06-30"),
    ]
    assert secrets.names() == ["database", "notion"]
    assert VALUE not in repr(secrets.inventory())


def test_a_removed_secret_is_gone(secrets: Secrets, tmp_path: Path) -> None:
    secrets.set("database", VALUE)
    secrets.remove("database")
    assert secrets.get("database") is None
    assert VALUE not in file_of(tmp_path).read_text()
    with pytest.raises(NotFound):
        secrets.remove("database")


def test_a_value_does_not_show_itself() -> None:
    secret = Secret(VALUE)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret:>40}",
        "%s %r" % (secret, secret),  # noqa: UP031
        repr({"key": [secret]}),
    ]
    record = logging.LogRecord("x", logging.INFO, "x", 1, "%s", (secret,), None)
    assert not any(VALUE in text for text in [*shown, record.getMessage()])
    for write_down in (pickle.dumps, copy.copy, json.dumps):
        with pytest.raises(TypeError):
            write_down(secret)
    with pytest.raises(TypeError):
        hash(secret)
    assert secret == Secret(VALUE)
    assert secret != VALUE


def test_with_a_keyring_the_value_goes_there_and_the_file_only_remembers_it(
    secrets: Secrets, keyring: FakeKeyring, tmp_path: Path
) -> None:
    assert secrets.set("database", VALUE, owner="Ada") == "keyring"
    assert VALUE not in file_of(tmp_path).read_text()
    assert secrets.get("database") == Secret(VALUE)
    assert [(one.source, one.owner) for one in secrets.inventory()] == [("keyring", "Ada")]
    secrets.remove("database")
    assert keyring.held == {}


def test_two_workspaces_do_not_share_a_keyrings_entry_and_a_moved_one_keeps_its_own(
    tmp_path: Path, keyring: FakeKeyring
) -> None:
    one, two = Secrets(tmp_path / "one", {}), Secrets(tmp_path / "two", {})
    one.set("database", VALUE)
    two.set("database", "another value")
    (tmp_path / "one").rename(tmp_path / "moved")
    assert Secrets(tmp_path / "moved", {}).get("database") == Secret(VALUE)
    assert len(keyring.held) == 2


def test_a_keyring_that_does_not_answer_is_passed_over_when_setting_and_told_when_needed(
    secrets: Secrets, keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets.set("kept", VALUE)
    keyring.locked = True
    assert secrets.set("database", VALUE) == "file"
    assert secrets.get("database") == Secret(VALUE)
    with pytest.raises(Unavailable, match="did not give “kept”") as locked:
        secrets.get("kept")
    assert "ONEFIRM_SECRET_KEPT" in locked.value.hint
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(Unavailable, match="the keyring is not installed"):
        secrets.get("kept")


@pytest.mark.parametrize("name", ["", "Data base", "../x", "a" * 42, "ÄÖ", "1x", "a-b"])
def test_a_name_that_can_not_be_is_refused(secrets: Secrets, name: str) -> None:
    for use in (lambda: secrets.get(name), lambda: secrets.set(name, VALUE), lambda: secrets.remove(name)):
        with pytest.raises(InvalidInput, match="can't name a secret"):
            use()


@pytest.mark.parametrize("value", ["", "  ", "a\0b", "x" * 20_000])
def test_a_value_that_can_not_be_is_refused_and_not_repeated(secrets: Secrets, value: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        secrets.set("database", value)
    assert not value.strip() or value not in str(refused.value)
    with pytest.raises(InvalidInput, match="is not a date"):
        secrets.set("database", VALUE, ends_on="soon")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"version": 9, "service": "x", "secrets": {}}',
                '{"version":1,"service":"x","secrets":[]}',
                '{"version":1,"service":"x","secrets":{"a":{"value":5}}}', "[" * 100_000],
)  # fmt: skip
def test_a_damaged_file_is_told_and_stops_no_record_from_being_written(
    secrets: Secrets, tmp_path: Path, content: str
) -> None:
    file_of(tmp_path).parent.mkdir()
    file_of(tmp_path).write_text(content)
    file_of(tmp_path).chmod(0o600)
    with pytest.raises(Unavailable, match="is damaged"):
        secrets.get("database")
    assert secrets.looks_secret("an ordinary sentence") is None
    assert file_of(tmp_path).read_text() == content


def test_a_link_in_the_files_place_is_not_followed(secrets: Secrets, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.json"
    target.write_text("{}")
    file_of(tmp_path).parent.mkdir()
    file_of(tmp_path).symlink_to(target)
    with pytest.raises(FirmError):
        secrets.get("database")


def test_two_who_set_at_once_lose_nothing(tmp_path: Path) -> None:
    def keep(number: int) -> None:
        Secrets(tmp_path, {}).set(f"name_{number}", VALUE)

    threads = [threading.Thread(target=keep, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(Secrets(tmp_path, {}).names()) == 12
    assert sorted(path.name for path in (tmp_path / ".onefirm").iterdir()) == ["secrets.json", "secrets.lock"]


def test_a_write_that_fails_leaves_the_old_file_whole(
    secrets: Secrets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets.set("database", VALUE)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        secrets.set("notion", VALUE)
    monkeypatch.undo()
    assert secrets.names() == ["database"]


# -- what looks like a secret ------------------------------------------------------------------------------------------

A = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3hJ6"
LOOKING: list[tuple[str, str]] = [
    ("an API key", "sk-ant-api03-" + A),
    ("an API key", "sk-proj-" + A),
    ("a Stripe key", "rk_live_" + A[:24]),
    ("a Stripe key", "whsec_" + A[:32]),
    ("a GitHub token", "ghp_" + A),
    ("a GitHub token", "github_pat_" + A),
    ("a GitLab token", "glpat-" + A[:20]),
    ("a Notion token", "ntn_" + A + "123456"),
    ("a Notion token", "secret_" + A + "1234567"),
    ("a Slack token", "xoxb-1234567890-" + A[:12]),
    ("an AWS key", "AKIAIOSFODNN7EXAMPLE"),
    ("a Google key", "AIza" + A[:35]),
    ("an npm token", "npm_" + A),
    ("a PyPI token", "pypi-" + A + A),
    ("a private key", "-----BEGIN OPENSSH PRIVATE KEY-----"),
    ("a private key", "-----BEGIN PRIVATE KEY-----"),
    ("a signed token", f"eyJ{A[:20]}.eyJ{A[:20]}.{A[:20]}"),
    ("a password", "password: hunter2-museum"),
    ("a password", "ftp passwort geheim123!"),
    ("a password", "FTP_PASSWORD=geheim123"),
    ("a password", "**Password:** Tor!Museum"),
    ("a password", "the password is hunter2-museum,"),
    ("a password", "Das Passwort für den Server lautet Tor4711x"),
    ("a password", "password for the mail: hunter22"),
    ("a password", "| Kennwort | hunter2 |"),
    ("a password", '"passwd": "4711"'),
    ("a password", "pwd = tr0ub4dor&3"),
    ("a password", "mot de passe : soleil42"),
    ("a password", "contraseña: verano2026"),
    ("a password", "Passcode: 998877"),
    ("a bank account", "IBAN DE89 3704 0044 0532 0130 00"),
    ("a bank account", "GB29NWBK60161331926819"),
    ("a bank account", "fr14 2004 1010 0505 0001 3m02 606"),
    ("a password in an address", "postgresql://onefirm:hunter22@db.example.com/firm"),
]
HONEST = [
    "The risk-assessment-of-the-whole-project-plan is due in week 3.",
    "task-list-for-the-second-half-of-2026-and-later",
    "We sk-etched the sk-learn-based-approach-for-clustering-pages.",
    "Secret_santa is on the 12th; the secret_ingredient is patience.",
    "See https://example.com/a:b/c@d and https://example.com:8443/x, mail ops@example.com.",
    "git@github.com:example/firm.git, sftp://files.example.com:22/in, mailto:a@example.com",
    "INV-2026-0042 over 12,500.00 EUR, IBAN DE88 3704 0044 0532 0130 00 (a digit is wrong), DE89 3704 0044",
    "password: see the keyring",
    "Password: in 1Password",
    "password: ********",
    "Password: <ask Ada>",
    "password: TBD",
    "password: reset",
    "Password: reset on Monday.",
    "Passwort: liegt beim Kunden",
    "password: ${FTP_PASSWORD}",
    "password = os.environ['FTP_PASSWORD_2']",
    "Password: [the vault](https://vault.example.com/3)",
    "password: 2FA",
    "Password: at least 12 characters, changed 2026-11-21",
    "password: 12-digit",
    "Password: `onefirm secret set ftp`",
    "The password is well-known to nobody.",
    "Das Passwort ist beim Kunden, Passwort 2026-11-20 geändert.",
    "The password is required!",
    "Two words on the password: rotate it.",
    "password: str",
    "password: 1Password",
    "It took forty minutes and one password that nobody knew (T-41, INV-2026-0042).",
    "1Password: team plan 2026",
    "One page without a password: 12,500.00 EUR by 2026-12-01.",
    "password INV-2026-0042",
    "le mot de passe est perdu",
    "A password-protected page2, a password/username form, password.md, pwd",
    "password policy-v2.pdf",
    "password: op://a/b1",
    "We'd lose it over the password question, if over anything.",
    "Passwords: https://vault.example.com/item42",
    "0190a1b2-0000-7000-8000-000000000000 and " + "ab" * 32,
    "The public key begins with -----BEGIN PUBLIC KEY-----.",
    "AKIA is a kind of tree? No, that is acacia. ASIA PACIFIC REGION 2026",
    "eyJust kidding.eyJust.kidding",
    "xox means hugs and kisses: xoxo-from-all-of-us",
    "Die Überprüfung der Zugangsdaten erfolgt am Montag; Passwort liegt beim Kunden.",
    "",
]


@pytest.mark.parametrize(("kind", "text"), LOOKING)
def test_what_looks_like_a_secret_is_named(secrets: Secrets, kind: str, text: str) -> None:
    assert secrets.looks_secret(f"Use {text} for it.") == kind
    assert secrets.looks_secret(text) == kind


def test_every_shape_has_an_example() -> None:
    assert {kind for kind, _ in LOOKING} == {*SHAPES, *JUDGED}


@pytest.mark.parametrize("line", ["password: sunshine", "- ftp password: `Sonnenschein`", "Kennwort = MuseumTor"])
def test_a_plain_word_is_a_password_where_it_has_a_line_for_itself(secrets: Secrets, line: str) -> None:
    assert secrets.looks_secret(f"# Access\n\n{line}\n\nAnd more.") == "a password"
    assert secrets.looks_secret(f"They said so: {line} again and again.") is None


@pytest.mark.parametrize("text", HONEST)
def test_an_honest_text_passes(secrets: Secrets, text: str) -> None:
    assert secrets.looks_secret(text) is None


def test_the_value_of_a_known_secret_is_recognised_wherever_it_comes_from(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path, {"ONEFIRM_SECRET_MAIL": "another long value"})
    secrets.set("database", VALUE)
    secrets.set("short", "abc")
    assert secrets.looks_secret(f"the password is {VALUE}!") == "the secret “database”"
    assert secrets.looks_secret("it is another long value") == "the secret “mail”"
    assert secrets.looks_secret("abc") is None


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "eyJ" * 300_000, "sk-" * 300_000, "a+" * 500_000, "://" * 300_000, "x:y" * 300_000,
             "-" * 1_000_000, "password " * 100_000, "password: " * 100_000, "-password:" * 100_000, "DE89 " * 200_000],
    ids=range(11),
)  # fmt: skip
def test_a_long_text_is_judged_in_bounded_time(secrets: Secrets, text: str) -> None:
    done = threading.Event()

    def judge() -> None:
        secrets.looks_secret(text)
        done.set()

    threading.Thread(target=judge, daemon=True).start()
    assert done.wait(20)


def test_whatever_fails_no_message_holds_a_value(secrets: Secrets, tmp_path: Path) -> None:
    secrets.set("database", VALUE)
    messages: list[Any] = []
    for break_it in (lambda: file_of(tmp_path).chmod(0o644), lambda: file_of(tmp_path).write_text(VALUE)):
        break_it()
        try:
            secrets.get("database")
        except FirmError as error:
            messages += [str(error), repr(error), repr(error.__cause__)]
        file_of(tmp_path).chmod(0o600)
    assert messages
    assert not any(VALUE in message for message in messages)

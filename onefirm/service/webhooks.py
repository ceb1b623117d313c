"""What comes to the webhook's address: judged, counted, and taken as a hint that a pull is worthwhile, never as data.

Notion signs an event with HMAC-SHA256 over its raw bytes, keyed by the verification token that it sent once, unsigned,
when the subscription was made; whoever made it brings that token back in Notion's settings.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias, cast

from onefirm.core.clock import Clock, parse_iso
from onefirm.core.errors import FirmError, InvalidInput
from onefirm.secrets import Secret, Secrets

TOKEN = "notion_webhook"  # noqa: S105 - the name under which the secrets room keeps it
WINDOW = timedelta(minutes=15)
"""How old an event may be: one that comes later tells nothing that a pull hasn't brought since."""
AHEAD = timedelta(minutes=5)
"""How far Notion's clock may be before ours."""
Verdict: TypeAlias = Literal["taken", "beside", "unknown", "repeated", "late", "handshake", "refused", "malformed"]
STATUS: dict[Verdict, int] = {
    "taken": 200, "beside": 200, "unknown": 200, "repeated": 200, "late": 200, "handshake": 200, "refused": 401,
    "malformed": 400,
}  # fmt: skip
"""What is answered; what is no error must not be sent again."""
_OF_RECORDS = {
    "page": ("created", "content_updated", "properties_updated", "moved", "deleted", "undeleted", "locked", "unlocked"),
    "database": ("created", "content_updated", "schema_updated", "moved", "deleted", "undeleted"),
    "data_source": ("created", "content_updated", "schema_updated", "moved", "deleted", "undeleted"),
}
_BESIDE = ("comment", "file_upload", "view")
_TOKEN_FORM = re.compile(r"[\x21-\x7e]{16,256}")
_REMEMBERED = 4096


class Webhooks:
    """Judges requests; may be asked from several threads at once. `hint` is called for what is worth a pull."""

    def __init__(self, secrets: Secrets, clock: Clock, hint: Callable[[], None], say: Callable[[str], None]) -> None:
        self._secrets = secrets
        self._clock = clock
        self._hint = hint
        self._say = say
        self._lock = threading.Lock()
        self._seen: dict[str, None] = {}
        self.counts: Counter[str] = Counter()

    def judge(self, raw: bytes, signature: str | None) -> Verdict:
        """What a request is; it is counted, and hinted at where it tells of records."""
        with self._lock:
            verdict = self._verdict(raw, signature)
            self.counts[verdict] += 1
        if verdict == "taken":
            self._hint()
        return verdict

    def pass_over(self) -> None:
        """Count one that was refused unread: another path or form, or too large."""
        with self._lock:
            self.counts["unread"] += 1

    def _verdict(self, raw: bytes, signature: str | None) -> Verdict:
        token = self._token()
        if signature is None:
            return self._handshake(raw, token)
        if token is None or not _is_signed(raw, signature, token):
            return "refused"
        event = _parsed(raw)
        try:
            id_, kind, at = event["id"], event["type"], parse_iso(event["timestamp"])
        except (KeyError, TypeError, InvalidInput):
            return "malformed"
        if not isinstance(id_, str) or not isinstance(kind, str):
            return "malformed"
        return self._of_event(id_, kind, at)

    def _of_event(self, id_: str, kind: str, at: datetime) -> Verdict:
        if id_ in self._seen:
            return "repeated"
        self._seen[id_] = None
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        now = self._clock.now()
        if not now - WINDOW <= at <= now + AHEAD:
            return "late"
        thing, _, what = kind.partition(".")
        if what in _OF_RECORDS.get(thing, ()):
            return "taken"
        return "beside" if thing in _BESIDE else "unknown"

    def _handshake(self, raw: bytes, token: Secret | None) -> Verdict:
        """The first token that comes is kept, and no other one until the operator has forgotten it."""
        given = _parsed(raw)
        sent = given.get("verification_token") if len(given) == 1 else None
        if not isinstance(sent, str) or not _TOKEN_FORM.fullmatch(sent):
            return "refused"
        if token is None:
            self._secrets.set(TOKEN, sent, owner="Notion")
            self._say("webhooks: a verification token has come; finish in Notion: `onefirm service webhook`")
        elif token != Secret(sent):
            self._say(
                "webhooks: another verification token has come and was refused; if you have subscribed anew, type "
                "`onefirm service webhook --forget` and let Notion send it again"
            )
            return "refused"
        return "handshake"

    def _token(self) -> Secret | None:
        try:
            return self._secrets.get(TOKEN)
        except FirmError as error:
            self._say(f"webhooks: {error}")
            return None


def _is_signed(raw: bytes, signature: str, token: Secret) -> bool:
    wanted = "sha256=" + hmac.new(token.reveal().encode(), raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "replace"))


def _parsed(raw: bytes) -> dict[str, Any]:
    """The JSON object that was sent; empty where it is none."""
    try:
        found: object = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}

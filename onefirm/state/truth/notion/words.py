"""What people call clients, due dates and finished work in their own databases, in English and German. Tables only."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

KINDS: Mapping[str, tuple[str, ...]] = {
    "client": ("customers", "accounts", "companies", "organisations", "organizations", "Kunden", "Mandanten"),
    "contact": ("people", "persons", "address book", "Kontakte", "Ansprechpartner", "Personen"),
    "prospect": ("leads", "pipeline", "deals", "opportunities", "sales", "CRM", "Interessenten"),
    "proposal": ("offers", "quotes", "estimates", "Angebote"),
    "contract": ("agreements", "statements of work", "Verträge"),
    "project": ("engagements", "jobs", "mandates", "cases", "Projekte", "Aufträge"),
    "deliverable": ("milestones", "outputs", "work products", "Ergebnisse", "Liefergegenstände"),
    "task": ("to-dos", "todos", "to-do list", "actions", "action items", "Aufgaben"),
    "invoice": ("bills", "billing", "Rechnungen"),
    "payment": ("receipts", "income", "Zahlungen", "Einnahmen"),
    "content": ("contents", "articles", "posts", "blog", "editorial calendar", "newsletter", "Inhalte", "Beiträge"),
}
PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "status": ("state", "stage", "phase", "progress", "Stand", "Zustand"),
    "owner": (
        "assignee",
        "assigned to",
        "assign",
        "person",
        "lead",
        "who",
        "Verantwortlich",
        "Zuständig",
        "Bearbeiter",
    ),
    "priority": ("prio", "importance", "urgency", "Priorität"),
    "due": ("date", "by when", "deadline", "due on", "Fällig", "Fällig am", "Frist", "Termin", "Fälligkeit"),
    "starts_on": ("begin", "begins on", "kickoff", "Beginn", "Start"),
    "ends_on": ("until", "expires", "Ende"),
    "valid_until": ("expires", "expiry", "Gültig bis"),
    "follow_up": ("next contact", "next touch", "Wiedervorlage"),
    "sent_on": ("sent", "date sent", "Gesendet am", "Versendet am"),
    "issued_on": ("invoice date", "date", "Rechnungsdatum"),
    "received_on": ("received", "paid on", "date", "Eingang", "Bezahlt am"),
    "published_on": ("published", "publish date", "Veröffentlicht am"),
    "since": ("client since", "customer since", "Kunde seit"),
    "budget": ("budget total", "fee", "price", "Honorar"),
    "amount": ("value", "sum", "net", "Betrag", "Summe", "Netto"),
    "value": ("amount", "deal size", "volume", "estimated value", "Wert", "Volumen"),
    "next_action": ("next", "next steps", "Nächster Schritt", "Nächste Aktion"),
    "waiting_on": ("waiting", "wartet auf", "Warten auf"),
    "blocked_by": ("depends on", "dependencies", "blockiert durch"),
    "client": ("customer", "account", "company", "organisation", "organization", "Kunde", "Mandant"),
    "prospect": ("lead", "deal", "opportunity", "Interessent"),
    "proposal": ("offer", "quote", "estimate", "Angebot"),
    "contract": ("agreement", "Vertrag"),
    "project": ("engagement", "job", "case", "Projekt", "Auftrag"),
    "deliverable": ("milestone", "output", "Ergebnis"),
    "invoice": ("bill", "Rechnung"),
    "email": ("e-mail", "mail", "e-mail address"),
    "phone": ("phone number", "telephone", "mobile", "Telefon"),
    "website": ("url", "web", "homepage", "site", "Webseite"),
    "url": ("link", "address"),
    "industry": ("sector", "branch", "Branche"),
    "role": ("position", "job title", "function", "Rolle", "Funktion"),
    "source": ("lead source", "channel", "origin", "Quelle", "Herkunft"),
    "channel": ("medium", "platform", "type", "Kanal"),
    "method": ("payment method", "paid by", "Zahlungsart"),
}
VALUES: Mapping[str, tuple[str, ...]] = {
    "todo": ("to do", "not started", "open", "backlog", "inbox", "next", "planned", "new", "offen", "zu erledigen"),
    "doing": (
        "in progress",
        "started",
        "active",
        "working on it",
        "WIP",
        "review",
        "in review",
        "in Arbeit",
        "in Bearbeitung",
    ),
    "waiting": ("waiting for", "waiting on", "pending", "on hold", "wartet", "warten"),
    "blocked": ("stuck", "blockiert"),
    "done": ("complete", "completed", "finished", "closed", "erledigt", "fertig", "abgeschlossen"),
    "dropped": ("cancelled", "canceled", "won't do", "archived", "abandoned", "verworfen", "abgebrochen"),
    "cancelled": ("canceled", "dropped", "aborted", "archived", "abgebrochen", "storniert"),
    "discovery": ("planning", "scoping", "analysis", "not started", "to do", "new", "Planung", "Analyse"),
    "delivery": (
        "in progress",
        "active",
        "implementation",
        "execution",
        "doing",
        "running",
        "in Arbeit",
        "Umsetzung",
        "laufend",
    ),
    "review": ("in review", "acceptance", "testing", "QA", "Abnahme", "Prüfung"),
    "on_hold": ("paused", "hold", "waiting", "waiting for client", "wartet auf Kunde", "pausiert"),
    "active": ("current", "in progress", "running", "live", "aktiv", "laufend"),
    "paused": ("on hold", "inactive", "dormant", "pausiert", "ruhend"),
    "former": ("past", "inactive", "churned", "archived", "done", "ehemalig"),
    "left": ("gone", "inactive", "former", "archived", "ausgeschieden"),
    "lead": ("new", "to do", "not started", "contacted", "neu"),
    "qualified": ("in progress", "contacted", "qualifiziert"),
    "proposal": ("offer", "proposal sent", "negotiation", "Angebot"),
    "won": ("closed won", "signed", "done", "gewonnen"),
    "lost": ("closed lost", "verloren"),
    "draft": ("not started", "to do", "in preparation", "writing", "Entwurf"),
    "sent": ("in progress", "open", "awaiting", "gesendet", "versendet", "verschickt"),
    "accepted": ("approved", "won", "done", "angenommen"),
    "declined": ("rejected", "lost", "abgelehnt"),
    "expired": ("lapsed", "abgelaufen"),
    "signed": ("unterschrieben", "unterzeichnet"),
    "ended": ("done", "completed", "finished", "beendet"),
    "terminated": ("cancelled", "canceled", "gekündigt"),
    "planned": ("not started", "to do", "geplant"),
    "in_progress": ("doing", "started", "in Arbeit"),
    "in_review": ("review", "Prüfung"),
    "delivered": ("handed over", "shipped", "geliefert"),
    "disputed": ("contested", "overdue", "strittig"),
    "paid": ("done", "settled", "bezahlt"),
    "void": ("cancelled", "canceled", "storniert"),
    "expected": ("pending", "open", "not started", "to do", "erwartet", "offen"),
    "received": ("done", "paid", "eingegangen", "erhalten"),
    "failed": ("bounced", "fehlgeschlagen"),
    "refunded": ("returned", "erstattet"),
    "idea": ("ideas", "not started", "to do", "backlog", "Idee"),
    "scheduled": ("queued", "planned", "geplant"),
    "published": ("done", "live", "posted", "veröffentlicht"),
    "low": ("niedrig", "gering", "P3"),
    "normal": ("medium", "mid", "mittel", "P2"),
    "high": ("hoch", "P1"),
    "urgent": ("critical", "asap", "very high", "dringend", "sehr hoch", "P0"),
}
EXACT, NEAR, ENDS, LEAST = 1.0, 0.8, 0.7, 0.5
"""How alike two names are: the same; the same thing in other words; one that ends in it, as “client projects” does in
projects; and one that only has its words: the least that is worth a proposal.
"""


def plain(text: str) -> str:
    """A name as its words alone: no case, accents, signs or plural."""
    bare = unicodedata.normalize("NFKD", text.casefold().replace("ß", "ss"))
    letters = "".join(char if char.isalnum() else " " for char in bare if not unicodedata.combining(char))
    return " ".join(_singular(word) for word in letters.split())


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def alike(name: str, own: Iterable[str], other: Iterable[str] = ()) -> float:
    """How alike a name is to what we call a thing (`own`), or to what others call it: 0, or from LEAST to EXACT."""
    wanted = plain(name)
    if not wanted:
        return 0.0
    if wanted in map(plain, own):
        return EXACT
    if wanted in map(plain, other):
        return NEAR
    return max((_within(wanted.split(), plain(word).split()) for word in (*own, *other)), default=0.0)


def _within(name: list[str], word: list[str]) -> float:
    """Whether a name has all the words. The thing itself stands last."""
    if not word or not set(word) <= set(name):
        return 0.0
    return ENDS if name[-len(word) :] == word else LEAST

"""Sessions: who is at work in a workspace, what each session looked at, and which files it changed.

Everything here is kept in `.onefirm/session.db`, a local file that can be lost: receipts and state are projected from
the ledger again, the rest are a session's short-term notes. Standard library only, and no heavy part of it: hooks load
these modules under `python3 -I -S` before every edit. Nothing here may import another room of onefirm.
"""

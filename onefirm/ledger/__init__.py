"""The single ledger: append, verify, trace, say, export. Nothing here changes an entry."""

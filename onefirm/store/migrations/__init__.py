"""Alembic's scripts. A shipped migration is never edited; a new one goes beside it."""

"""The newest migration, readable without importing Alembic (which costs a third of a second)."""

HEAD = "0010"

"""Notion as the truth: nobody else knows how Notion writes a value, and only this room imports Notion's client."""

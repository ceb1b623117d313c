"""Bringing the mirror up to what the truth says: first a plan as plain data, then its application."""

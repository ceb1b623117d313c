"""Runs against real services, by hand and with an account of one's own; never in CI."""

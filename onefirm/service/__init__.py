"""The service: one process for one workspace that hands in what waits, pulls and hears webhooks.

Everything works without it too.
"""

"""Stand-ins for outside systems, served on this machine's loopback: for trying without an account, and for tests.

Nothing of the firm may live here, and no room of the firm may know it: what drives a simulator speaks to its address.
"""

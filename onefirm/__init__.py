"""onefirm: state, context, ledger and guard for a firm of one, under Claude Code.

Kept empty of imports: hooks load this package with the standard library only.
"""

__version__ = "0.1.0"

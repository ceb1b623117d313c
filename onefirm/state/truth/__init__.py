"""The truth: the one place where a record's state is decided."""

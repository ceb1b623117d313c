"""Pure values shared by every room. No input or output, no library but the standard one."""

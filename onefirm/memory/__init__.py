"""What the firm has decided and learned, and how it is asked for. The words live in the ledger; erasing takes them."""

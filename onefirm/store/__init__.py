"""Tables, transactions, migrations, outbox and inbox, on SQLite or Postgres. No rule of the firm lives here."""

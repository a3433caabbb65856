"""The service: dubs asked for by HTTP, kept in a database, done by the same workers as those of ``run``."""

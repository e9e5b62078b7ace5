"""Postgres: the pool, the tables, and one module of SQL for each of them."""

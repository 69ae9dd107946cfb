"""Breaches made by hand, past the guards, as someone who owns the tables could; and what the audit says of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connection

from credits import audit


def execute(sql: str, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchall() if cursor.description else []


def trigger_of(table: str, name: str) -> str:
    """What the database calls a table's trigger that the model calls `name`; its function has the same name."""
    found = "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE %s"
    [[trigger]] = execute(found, table, f"pgtrigger_{name}_%")
    return str(trigger)


LEDGER_TABLES = ("credits_wallet", "credits_transfer")


@contextmanager
def triggers_asleep(*tables: str) -> Iterator[None]:
    """None of their triggers fires inside. What was deferred is checked before."""
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    firm = []
    for table in tables:
        found = "SELECT tgname FROM pg_trigger WHERE tgenabled = 'A' AND tgrelid = %s::regclass"
        firm += [(table, name) for (name,) in execute(found, table)]
        execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    for table, name in firm:
        execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
    execute("SET CONSTRAINTS ALL DEFERRED")


@contextmanager
def guards_down(*tables: str) -> Iterator[None]:
    """Triggers and foreign keys sleep inside; constraints and unique indexes are gone for the rest of the test.

    Without tables those of the ledger.
    """
    with triggers_asleep(*(tables or LEDGER_TABLES)):
        for table in tables or LEDGER_TABLES:
            _drop_constraints(table)
        execute("SET LOCAL session_replication_role = replica")
        yield
        execute("SET LOCAL session_replication_role = DEFAULT")


def _drop_constraints(table: str) -> None:
    unique = [one for model in apps.get_models() if model._meta.db_table == table for one in model._meta.constraints]
    for (name,) in execute("SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = %s::regclass", table):
        execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for constraint in unique:
        execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {constraint.name}")
        execute(f"DROP INDEX IF EXISTS {constraint.name}")


def breaches() -> set[str]:
    """By name, but for the guards that `guards_down` took away."""
    return {breach.check for breach in audit.run().breaches} - {"guards_stand"}

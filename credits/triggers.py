"""Database triggers that nothing in a session can switch off. Knows PostgreSQL, no business; any app may import it.

django-pgtrigger's own functions obey a session variable (`pgtrigger.ignore`) that every session may set, and ordinary
triggers sleep while `session_replication_role` is `replica`. A `Firm` trigger does neither.
"""

import pgtrigger
from django.db import IntegrityError
from django.db.models import Model
from pgtrigger import compiler


class FirmSql(compiler.UpsertTriggerSql):
    """The installation text. Migrations refer to this class: a changed template belongs in a new class."""

    def get_template(self) -> str:
        # SECURITY DEFINER: the function may write what the application's role may not.
        # The fixed search path keeps a session from slipping its own tables under the names used here.
        return """
            CREATE OR REPLACE FUNCTION {pgid}() RETURNS TRIGGER AS $$
                {declare}
                BEGIN
                    {func}
                END;
            $$ LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp;

            DROP TRIGGER IF EXISTS {pgid} ON {table};
            CREATE {constraint} TRIGGER {pgid} {when} {operation} ON {table} {timing} {referencing}
                FOR EACH {level} {condition} EXECUTE PROCEDURE {execute};
            ALTER TABLE {table} ENABLE ALWAYS TRIGGER {pgid};

            COMMENT ON TRIGGER {pgid} ON {table} IS '{hash}';
        """


class Firm(pgtrigger.Trigger):
    """A trigger without a session switch. The body's identifiers must be our own: it runs with the owner's rights."""

    def compile(self, model: Model) -> compiler.Trigger:
        plain = super().compile(model)
        return compiler.Trigger(name=plain.name, sql=FirmSql(**plain.sql.kwargs))


def refuse(rule: str) -> str:
    """The statement by which a trigger refuses a row: an IntegrityError in Django, with the rule as constraint name."""
    return f"RAISE EXCEPTION '{rule}' USING ERRCODE = '23514', CONSTRAINT = '{rule}';"


def append_only(rule: str) -> tuple[Firm, Firm]:
    """What keeps a table's rows as they were written, also from TRUNCATE, which no trigger of rows sees."""
    return (
        Firm(
            name="append_only",
            when=pgtrigger.Before,
            operation=pgtrigger.Update | pgtrigger.Delete,
            func=refuse(rule),
        ),
        Firm(
            name="never_truncated",
            level=pgtrigger.Statement,
            when=pgtrigger.Before,
            operation=pgtrigger.Truncate,
            func=refuse(rule),
        ),
    )


def broken_rule(error: IntegrityError) -> str:
    """The name of the constraint or trigger rule that refused a row; empty when the database named none."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""

"""Triggers that keep a count beside what is counted, so that no page ever counts rows. Texts only."""

import pgtrigger


def on_rows(name: str, *, added: str, removed: str) -> pgtrigger.Trigger:
    """For a table whose rows are counted elsewhere: what an insert does (it sees NEW), and a delete (it sees OLD)."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Delete,
        func=f"""
            IF TG_OP = 'INSERT' THEN
                {added}
            ELSE
                {removed}
            END IF;
            RETURN NULL;
        """,
    )


def add(table: str, column: str, *, where: str, number: int) -> str:
    """The statement that adds a number to a count."""
    return f"UPDATE {table} SET {column} = {column} + ({number}) WHERE {where};"  # noqa: S608  (our own names)


def add_to_artist(column: str, *, owner: str, number: str) -> str:
    """The same for an artist, whose row begins with the first thing that is counted. `owner`, `number`: SQL."""
    return (
        f"INSERT INTO gallery_artist (owner_id, {column}) VALUES ({owner}, {number}) "  # noqa: S608  (as above)
        f"ON CONFLICT (owner_id) DO UPDATE SET {column} = gallery_artist.{column} + EXCLUDED.{column};"
    )

"""How SQLite plans to run what a verb runs.

The statements are caught on their way through the verb, so that what is explained is what runs.
"""

from collections.abc import Callable

from notifybell.store.database import WriteConnection

_EXPLAINED = ("SELECT", "WITH", "UPDATE", "DELETE")


def plan_of(conn: WriteConnection, verb: Callable[[], object]) -> str:
    """The query plans of all statements that the verb runs, as one text."""
    statements: list[str] = []
    conn.set_trace_callback(statements.append)
    verb()
    conn.set_trace_callback(None)
    lines = []
    for statement in statements:
        if statement.split(None, 1)[0] in _EXPLAINED:
            # values are in the text already: the trace shows the expanded statement
            rows = conn.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
            lines += [row[3] for row in rows]
    assert lines, "the verb ran no statement"
    return "\n".join(lines)

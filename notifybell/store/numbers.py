"""The numbers that others keep: a bell its user's `seq`, a reader of the log the last event's.

A database that comes back, as a backup or out of an export, does not know what was given out since.
So its numbers start far above, and whoever kept one starts over instead of missing something.
"""

import sqlite3

AHEAD = 1_000_000_000
"""More changes than can have been made since."""


def leap(conn: sqlite3.Connection) -> None:
    """Start far above all that can have been given out."""
    conn.execute("UPDATE user SET seq = seq + ?1, pruned_seq = seq + ?1", (AHEAD,))
    # A row is there only once an event was written.
    conn.execute(
        "INSERT INTO sqlite_sequence (name, seq) SELECT 'activity', 0"
        " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'activity')"
    )
    conn.execute("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'activity'", (AHEAD,))

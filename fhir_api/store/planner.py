"""What the planner of Postgres knows of the store, brought up to date before large questions.

Autovacuum analyses a table a minute after it has grown; until then the planner takes the newest
version of a resource to be as far away as all of its type, and a question over a type becomes
quadratic. https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-STATISTICS
"""

from sqlalchemy import Engine, text

TABLES = ("resource_version", "resource_head", "resource_identifier", "search_value")
STALE = text("""
    SELECT relname FROM pg_stat_user_tables
    WHERE relname = any(:tables) AND n_mod_since_analyze > 1000 + n_live_tup / 5
    ORDER BY relname
""")


def refresh_statistics(engine: Engine) -> list[str]:
    """Analyse the tables of the store that have changed by a fifth; their names."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        stale = list(connection.execute(STALE, {"tables": list(TABLES)}).scalars())
        if stale:
            connection.execute(text(f"ANALYZE {', '.join(stale)}"))
    return stale

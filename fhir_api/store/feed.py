"""The change feed: what Spark reads of the store.

A row is shown when the transaction that wrote it is below `until`, a watermark under which all
transactions have ended (`ResourceStore.watermark`). So nothing is missed and nothing is seen
twice, and a job run in steps has seen the same as a job run once (docs/decisions/0005).
"""

COLUMNS = (
    "patient_id",
    "patient_bucket",
    "resource_type",
    "resource_id",
    "version",
    "seq",
    "recorded_at",
    "deleted",
    "body",
)


def feed_query(site: str, since: int, until: int) -> str:
    """The SELECT of everything whose newest version below `until` was written from `since` on.

    Columns as in COLUMNS; `patient_bucket` is never null, so that a reader may part the feed by
    it; `body` is text. `since` 0 is everything. Deletions are rows with a null body.
    """
    named = site.replace("'", "''")
    columns = ", ".join(f"v.{name}" for name in COLUMNS[:-1])
    return f"""
        SELECT {columns}, v.body::text AS body
        FROM resource_version v
        WHERE v.site = '{named}'
          AND v.transaction_id >= '{int(since)}'::xid8 AND v.transaction_id < '{int(until)}'::xid8
          AND NOT EXISTS (
            SELECT FROM resource_version n
            WHERE n.site = v.site AND n.resource_type = v.resource_type
              AND n.resource_id = v.resource_id AND n.version > v.version
              AND n.transaction_id < '{int(until)}'::xid8)
    """

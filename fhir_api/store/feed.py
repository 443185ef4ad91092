"""The change feed: what Spark, and every other reader of changes, reads of the store.

A row is shown when the transaction that wrote it is below `until`, a watermark under which all
transactions have ended (`ResourceStore.watermark`). So nothing is missed and nothing is seen
twice, and a job run in steps has seen the same as a job run once (docs/decisions/0005). Spark
takes whole windows with `feed_query`; `changes` gives version after version, in an order in which
no row ever comes to stand before one that was shown.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, text

from fhir_api.json_text import parse
from fhir_api.store.records import FeedPosition, StoredResource

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
MOST = 1000  # changes at once
WATERMARK = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
NEWER = """
    v.site = :site AND v.transaction_id >= cast(cast(:after AS text) AS xid8)
    AND (v.transaction_id, v.seq) > (cast(cast(:after AS text) AS xid8), :seq)
    AND v.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
"""
CHANGES = text(f"""
    SELECT v.transaction_id::text::bigint AS transaction_id, v.seq, v.resource_type, v.resource_id,
           v.version, v.patient_id, v.recorded_at, v.body::text AS body
    FROM resource_version v
    WHERE {NEWER}
      AND (cast(:until AS text) IS NULL OR v.transaction_id < cast(cast(:until AS text) AS xid8))
      AND (cast(:types AS text[]) IS NULL OR v.resource_type = any(cast(:types AS text[])))
    ORDER BY v.transaction_id, v.seq
    LIMIT :limit
""")
ANY_NEWER = text(f"SELECT EXISTS (SELECT FROM resource_version v WHERE {NEWER})")
VERSIONS = text("""
    SELECT v.resource_type, v.resource_id, v.version, v.patient_id, v.recorded_at, v.deleted,
           v.body::text AS body
    FROM resource_version v
    JOIN unnest(cast(:types AS text[]), cast(:ids AS text[]), cast(:versions AS int[]))
         AS w(resource_type, resource_id, version) USING (resource_type, resource_id, version)
    WHERE v.site = :site
""")
VersionKey = tuple[str, str, int]  # type, pseudonym, version


@dataclass(frozen=True, slots=True)
class Change:
    """One version of a resource, as the feed shows it.

    Attributes:
        position: Of this change; a reader that has dealt with it goes on from here.
        resource_type: R4 type name.
        resource_id: Pseudonym.
        version: Counting from 1.
        patient_id: Pseudonym of the patient whose compartment it is in; None for shared ones.
        recorded_at: UTC; when this version was stored.
        body: The resource as stored; None for a deletion.
    """

    position: FeedPosition
    resource_type: str
    resource_id: str
    version: int
    patient_id: str | None
    recorded_at: datetime
    body: Mapping[str, Any] | None

    @property
    def key(self) -> VersionKey:
        """Type, pseudonym and version."""
        return self.resource_type, self.resource_id, self.version


def changes(
    source: Engine | Connection,
    site: str,
    after: FeedPosition,
    until: FeedPosition | None = None,
    types: Collection[str] | None = None,
    limit: int = MOST,
) -> list[Change]:
    """The next changes after a position, at most `limit`, in the order of transaction and writing.

    Only transactions below the watermark are read, and below that of `until` where it is given.
    What a transaction still under way writes comes later, and later in the order too; what it
    rolls back never comes.
    """
    given = {
        **bounds(site, after),
        "until": None if until is None else str(until.transaction_id),
        "types": None if types is None else sorted(types),
        "limit": limit,
    }
    with connected(source) as connection:
        return [change_of(row) for row in connection.execute(CHANGES, given)]


def any_newer(source: Engine | Connection, site: str, after: FeedPosition) -> bool:
    """Whether `changes` of some type would give anything; cheap, and takes no lock."""
    with connected(source) as connection:
        return bool(connection.execute(ANY_NEWER, bounds(site, after)).scalar_one())


def watermark(source: Engine | Connection) -> FeedPosition:
    """The position at which everything below the watermark has been read."""
    with connected(source) as connection:
        return FeedPosition(int(connection.execute(WATERMARK).scalar_one()))


def versions(
    source: Engine | Connection, site: str, keys: Sequence[VersionKey]
) -> dict[VersionKey, StoredResource]:
    """Versions by their keys, with one statement; absent when never written."""
    if not keys:
        return {}
    types, ids, numbers = (list(part) for part in zip(*keys, strict=True))
    given = {"site": site, "types": types, "ids": ids, "versions": numbers}
    with connected(source) as connection:
        found = [version_of(row) for row in connection.execute(VERSIONS, given)]
    return {(each.resource_type, each.resource_id, each.version): each for each in found}


@contextmanager
def connected(source: Engine | Connection) -> Iterator[Connection]:
    """A connection of an engine for the length of the block, or the one that was given."""
    if isinstance(source, Connection):
        yield source
        return
    with source.connect() as connection:
        yield connection


def bounds(site: str, after: FeedPosition) -> dict[str, Any]:
    """What NEWER is bound to."""
    return {"site": site, "after": str(after.transaction_id), "seq": after.seq}


def change_of(row: Row[Any]) -> Change:
    """A row of CHANGES as a record."""
    return Change(
        FeedPosition(row.transaction_id, row.seq),
        row.resource_type,
        row.resource_id,
        row.version,
        row.patient_id,
        row.recorded_at.astimezone(UTC),
        body_of(row.body),
    )


def version_of(row: Row[Any]) -> StoredResource:
    """A row of VERSIONS as a record."""
    kind, id_, version, patient_id, recorded_at, deleted, body = tuple[Any, ...](row)
    moment = recorded_at.astimezone(UTC)
    return StoredResource(kind, id_, version, patient_id, moment, deleted, body_of(body) or {})


def body_of(stored: str | None) -> Mapping[str, Any] | None:
    """A stored body as it was written; None for a deletion."""
    if stored is None:
        return None
    body: Mapping[str, Any] = parse(stored.encode())
    return body


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

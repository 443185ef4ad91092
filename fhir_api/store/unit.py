"""One database transaction over the store: look up, lock, write; all of it or none.

However many resources are written, the number of statements is the same: one to lock the heads,
one for the numbers of new ones, one COPY for each table, one to move heads that were there, two to
forget their old identifiers and search values.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from psycopg import Cursor
from sqlalchemy import Connection, text

from fhir_api.search.index.extract import EDITION
from fhir_api.store.index import (
    VALUE_COLUMNS,
    forget_values,
    new_numbers,
    value_line,
    values_of_clean,
)
from fhir_api.store.records import Written
from fhir_api.store.rows import (
    ResourceKey,
    Row,
    as_bytea,
    bucket_of,
    copy_rows,
    deletion_of,
    line,
    row_of,
)
from fhir_api.store.vault import Vault
from privacy.records import CleanResource

Token = tuple[str, str]  # resource type, identifier token

LOCK_TOKENS = text(
    "SELECT pg_advisory_xact_lock(key) FROM "
    "(SELECT unnest(cast(:keys AS bigint[])) AS key ORDER BY 1) AS sorted"
)
FIND_TOKENS = text("""
    SELECT i.resource_type, i.token, i.resource_id
    FROM resource_identifier i
    JOIN unnest(cast(:types AS text[]), cast(:tokens AS text[])) AS w(resource_type, token)
      USING (resource_type, token)
    WHERE i.site = :site
    ORDER BY 1, 2, 3
""")
LOCK_HEADS = text("""
    SELECT h.resource_type, h.resource_id, h.version, h.digest, h.deleted, h.patient_id, h.number
    FROM resource_head h
    JOIN unnest(cast(:types AS text[]), cast(:ids AS text[])) AS w(resource_type, resource_id)
      USING (resource_type, resource_id)
    WHERE h.site = :site
    ORDER BY 1, 2
    FOR UPDATE OF h
""")
MOVE_HEADS = text("""
    UPDATE resource_head h
    SET version = w.version, digest = w.digest, deleted = w.deleted, patient_id = w.patient_id,
        recorded_at = now(), indexed = :edition
    FROM unnest(cast(:types AS text[]), cast(:ids AS text[]), cast(:versions AS int[]),
                cast(:digests AS bytea[]), cast(:deleted AS bool[]), cast(:patients AS text[]))
         AS w(resource_type, resource_id, version, digest, deleted, patient_id)
    WHERE h.site = :site AND h.resource_type = w.resource_type AND h.resource_id = w.resource_id
""")
FORGET_IDENTIFIERS = text("""
    DELETE FROM resource_identifier i
    USING unnest(cast(:types AS text[]), cast(:ids AS text[])) AS w(resource_type, resource_id)
    WHERE i.site = :site AND i.resource_type = w.resource_type AND i.resource_id = w.resource_id
""")
HEAD_COLUMNS = (
    "site", "resource_type", "resource_id", "version", "deleted", "digest", "patient_id",
)  # fmt: skip
NEW_HEAD_COLUMNS = (*HEAD_COLUMNS, "number", "indexed")
VERSION_COLUMNS = (*HEAD_COLUMNS, "patient_bucket", "policy", "body")
IDENTIFIER_COLUMNS = ("site", "resource_type", "token", "resource_id")


class Head(NamedTuple):
    """The newest version of a resource, locked until the transaction ends."""

    version: int
    digest: bytes
    deleted: bool
    patient_id: str | None
    number: int


class Change(NamedTuple):
    """A row that differs from what is stored, with the version and number it will have."""

    row: Row
    version: int
    number: int


class UnitOfWork:
    """What may be done inside one transaction; made by `ResourceStore.run`."""

    def __init__(
        self, connection: Connection, site: str, policy: str, vault: Vault | None = None
    ) -> None:
        self.connection = connection
        self.site = site
        self.policy = policy
        self.vault = vault

    def lock_tokens(self, wanted: Collection[Token]) -> None:
        """Wait until no other transaction creates a resource with one of these identifiers.

        Locks are taken in one order and kept to the end of the transaction, so that of many
        equal conditional creates exactly one creates.
        """
        keys = sorted({self.lock_key(token) for token in wanted})
        if keys:
            self.connection.execute(LOCK_TOKENS, {"keys": keys})

    def lock_key(self, token: Token) -> int:
        """A 64-bit number for an identifier of a type at a site."""
        named = "\0".join((self.site, *token)).encode()
        return int.from_bytes(hashlib.sha256(named).digest()[:8], signed=True)

    def find_by_tokens(self, wanted: Collection[Token]) -> dict[Token, list[str]]:
        """Pseudonyms of the resources that carry each identifier; absent when there is none."""
        if not wanted:
            return {}
        types, tokens = zip(*sorted(set(wanted)), strict=True)
        given = {"site": self.site, "types": list(types), "tokens": list(tokens)}
        found: dict[Token, list[str]] = defaultdict(list)
        for resource_type, token, resource_id in self.connection.execute(FIND_TOKENS, given):
            found[resource_type, token].append(resource_id)
        return dict(found)

    def write(self, resources: Sequence[CleanResource]) -> list[Written]:
        """Store resources; one `Written` for each, in order.

        Content that is stored already is left alone. Raises ValueError when one resource is
        given twice, since no order is right for the two.
        """
        return self.store([row_of(each) for each in resources])

    def delete(self, keys: Sequence[ResourceKey]) -> list[Written]:
        """End resources; those that were never here are `unchanged` with version 0."""
        heads = self.lock_heads(keys)
        rows = {key: deletion_of(key, heads[key].patient_id) for key in keys if key in heads}
        written = dict(zip(rows, self.store(list(rows.values())), strict=True))
        return [written.get(key, Written(0, "unchanged")) for key in keys]

    def store(self, rows: Sequence[Row]) -> list[Written]:
        """Write the rows that differ from the newest version of their resource."""
        if len({row.key for row in rows}) != len(rows):
            raise ValueError("One resource was given twice in a single write.")
        heads = self.lock_heads([row.key for row in rows])
        changed = [
            row for row in sorted(rows, key=lambda row: row.key) if differs(row, heads.get(row.key))
        ]
        changes = self.numbered(changed, heads)
        self.apply(changes)
        versions = {change.row.key: change.version for change in changes}
        return [written_of(row.key, versions, heads) for row in rows]

    def lock_heads(self, keys: Sequence[ResourceKey]) -> dict[ResourceKey, Head]:
        """The heads that exist, locked in one order so that two writers cannot wait in a ring."""
        if not keys:
            return {}
        found = self.connection.execute(LOCK_HEADS, {"site": self.site, **self.named(keys)})
        return {(kind, id_): Head(version, bytes(digest), deleted, patient, number)
                for kind, id_, version, digest, deleted, patient, number in found}  # fmt: skip

    def numbered(self, rows: Sequence[Row], heads: Mapping[ResourceKey, Head]) -> list[Change]:
        """The rows with their next versions, and new numbers for those that are new."""
        new = sum(row.key not in heads for row in rows)
        numbers = iter(new_numbers(self.connection, new))
        return [
            Change(row, head.version + 1, head.number) if head else Change(row, 1, next(numbers))
            for row, head in ((row, heads.get(row.key)) for row in rows)
        ]

    def apply(self, changes: Sequence[Change]) -> None:
        """Send the changes: new heads first, for there a race with another writer shows."""
        if not changes:
            return
        cursor = self.cursor()
        new = [change for change in changes if change.version == 1]
        old = [change for change in changes if change.version > 1]
        copy_rows(cursor, "resource_head", NEW_HEAD_COLUMNS, map(self.head_line, new))
        copy_rows(cursor, "resource_version", VERSION_COLUMNS, map(self.version_line, changes))
        if old:
            self.move_heads(old)
        lines = [each for change in changes for each in self.identifier_lines(change.row)]
        copy_rows(cursor, "resource_identifier", IDENTIFIER_COLUMNS, lines)
        values = [each for change in changes for each in self.value_lines(change)]
        copy_rows(cursor, "search_value", VALUE_COLUMNS, values)
        if self.vault is not None:
            owned = [(change.row.names, change.row.patient_id) for change in changes]
            self.vault.put(self.connection, owned)

    def cursor(self) -> Cursor:
        """The driver's own cursor on this transaction, for COPY."""
        driver: Any = self.connection.connection.driver_connection
        cursor: Cursor = driver.cursor()
        return cursor

    def move_heads(self, changes: Sequence[Change]) -> None:
        """Point heads that exist at their new versions and forget what found the old ones."""
        named = {"site": self.site, **self.named([change.row.key for change in changes])}
        given = {
            "versions": [change.version for change in changes],
            "digests": [change.row.digest for change in changes],
            "deleted": [change.row.body is None for change in changes],
            "patients": [change.row.patient_id for change in changes],
            "edition": EDITION,
        }
        self.connection.execute(MOVE_HEADS, named | given)
        self.connection.execute(FORGET_IDENTIFIERS, named)
        forget_values(self.connection, [change.number for change in changes])

    def named(self, keys: Sequence[ResourceKey]) -> Mapping[str, list[str]]:
        """Keys as the two arrays that the statements take."""
        return {"types": [kind for kind, _ in keys], "ids": [id_ for _, id_ in keys]}

    def head_line(self, change: Change) -> bytes:
        """COPY text of a head."""
        return line((*self.head_values(change), change.number, EDITION))

    def version_line(self, change: Change) -> bytes:
        """COPY text of a version."""
        row = change.row
        return line((*self.head_values(change), bucket_of(row), self.policy, row.body))

    def head_values(self, change: Change) -> tuple[bytes | str | int | bool | None, ...]:
        """The columns that a head and a version share, in the order of HEAD_COLUMNS."""
        row = change.row
        digest = as_bytea(row.digest)
        return (self.site, *row.key, change.version, row.body is None, digest, row.patient_id)

    def identifier_lines(self, row: Row) -> list[bytes]:
        """COPY text of the identifiers of a resource."""
        kind, id_ = row.key
        return [line((self.site, kind, token, id_)) for token in row.tokens]

    def value_lines(self, change: Change) -> list[bytes]:
        """COPY text of everything that a resource can be found by."""
        clean, kind = change.row.clean, change.row.key[0]
        found = values_of_clean(clean) if clean else ()
        return [value_line(self.site, kind, change.number, value) for value in found]


def differs(row: Row, head: Head | None) -> bool:
    """Whether storing the row would change anything."""
    return head is None or head.digest != row.digest or head.deleted != (row.body is None)


def written_of(
    key: ResourceKey, versions: Mapping[ResourceKey, int], heads: Mapping[ResourceKey, Head]
) -> Written:
    """What became of a resource."""
    if key not in versions:
        return Written(heads[key].version, "unchanged")
    return Written(versions[key], "created" if versions[key] == 1 else "updated")

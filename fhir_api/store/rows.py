r"""One resource as a row, and rows as the text that COPY reads.

https://www.postgresql.org/docs/current/sql-copy.html (text format): columns are parted by tabs,
rows by newlines, null is `\N`, a backslash is doubled.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from psycopg import Cursor

from fhir_api.json_text import dump_sorted
from fhir_api.store.tables import PATIENT_BUCKETS
from privacy.records import CleanResource

NULL = b"\\N"
ESCAPES = ((b"\\", b"\\\\"), (b"\t", b"\\t"), (b"\n", b"\\n"), (b"\r", b"\\r"))
ResourceKey = tuple[str, str]  # type, id


@dataclass(frozen=True, slots=True)
class Row:
    """What is stored of one resource.

    Attributes:
        key: Type and pseudonym.
        patient_id: Pseudonym of its patient, or None.
        body: JSON with sorted names; None for a deletion.
        digest: sha256 of `body` and the keyed tokens, so that a change of an identifier that is
            not kept is a change; of nothing for a deletion.
        tokens: Of its identifiers.
        names: What its pseudonyms stand for.
        clean: The resource, from which its search values are made; None for a deletion.
    """

    key: ResourceKey
    patient_id: str | None
    body: bytes | None
    digest: bytes
    tokens: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    clean: CleanResource | None = None


def row_of(resource: CleanResource) -> Row:
    """The row of a de-identified resource."""
    body = dump_sorted(resource.body)
    return Row(
        (resource.resource_type, resource.resource_id),
        resource.patient_id,
        body,
        digest_of(body, resource),
        tuple(dict.fromkeys(resource.identifier_tokens)),
        resource.names,
        resource,
    )


def digest_of(body: bytes, resource: CleanResource) -> bytes:
    """sha256 of the body and of the tokens that are stored beside it."""
    beside = [*resource.identifier_tokens, *("=".join(pair) for pair in resource.reference_tokens)]
    return hashlib.sha256(body + "\0".join(beside).encode()).digest()


def deletion_of(key: ResourceKey, patient_id: str | None) -> Row:
    """The row that ends a resource."""
    return Row(key, patient_id, None, hashlib.sha256(b"").digest(), ())


def bucket_of(row: Row) -> int:
    """0 to 1023: the partition of the patient, or of the resource when it belongs to nobody."""
    digest = hashlib.sha256((row.patient_id or row.key[1]).encode()).digest()
    return int.from_bytes(digest[:4]) % PATIENT_BUCKETS


def line(values: Iterable[bytes | str | int | bool | None]) -> bytes:
    """One row of COPY text."""
    return b"\t".join(map(column, values)) + b"\n"


def column(value: bytes | str | int | bool | None) -> bytes:
    """One column of COPY text; bytes are JSON or hexadecimal already."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, int):
        return str(value).encode()
    return escaped(value.encode() if isinstance(value, str) else value)


def escaped(text: bytes) -> bytes:
    """The text with what COPY would read as structure made harmless."""
    for raw, harmless in ESCAPES:
        text = text.replace(raw, harmless)
    return text


def as_bytea(digest: bytes) -> bytes:
    """Bytes in the hexadecimal form of `bytea`."""
    return b"\\x" + digest.hex().encode()


def copy_rows(cursor: Cursor, table: str, columns: Sequence[str], lines: Iterable[bytes]) -> None:
    """Send rows into a table with one COPY."""
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    with cursor.copy(statement.encode()) as copy:
        copy.write(b"".join(lines))

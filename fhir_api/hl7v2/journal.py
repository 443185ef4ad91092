"""What the listener remembers, in Postgres: messages, dead letters, and what is known of patients.

A message is worked on under locks of its patient and its visit, which are held by the transaction
that will record it. The resources themselves are stored by the ingestor in a transaction of its
own, before this one commits: a crash between the two leaves resources that the resend finds
unchanged, and never a record of something that was not stored.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, text

from fhir_api.hl7v2.conversion.assembly import Key
from fhir_api.hl7v2.conversion.convert import Known
from fhir_api.hl7v2.sealing import Seal
from fhir_api.hl7v2.wire.refusals import Refusal
from fhir_api.json_text import dump, parse
from privacy.keys import SiteKeys
from privacy.pseudonyms import pseudonym

LOCK = text(
    "SELECT pg_advisory_xact_lock(key) FROM "
    "(SELECT unnest(cast(:keys AS bigint[])) AS key ORDER BY 1) AS sorted"
)
SEEN = text("SELECT outcome FROM hl7v2_message WHERE site = :site AND digest = :digest")
KNOWN = text("""
    SELECT subject, sealed FROM hl7v2_subject
    WHERE site = :site AND subject = any(cast(:subjects AS text[]))
""")
REMEMBER = text("""
    INSERT INTO hl7v2_subject (site, subject, sealed)
    SELECT :site, * FROM unnest(cast(:subjects AS text[]), cast(:sealed AS bytea[]))
    ON CONFLICT (site, subject) DO UPDATE SET sealed = excluded.sealed
""")
RECORD = text("""
    INSERT INTO hl7v2_message (site, digest, event, outcome, received_at)
    VALUES (:site, :digest, :event, :outcome, :now)
""")
RESOLVE = text("""
    UPDATE hl7v2_dead_letter SET resolved_at = :now
    WHERE site = :site AND digest = :digest AND resolved_at IS NULL
""")
BURY = text("""
    INSERT INTO hl7v2_dead_letter
        (site, digest, event, code, place, reason, sealed, received_at, tries)
    VALUES (:site, :digest, :event, :code, :place, :reason, :sealed, :now, 1)
    ON CONFLICT (site, digest) DO UPDATE
    SET code = excluded.code, place = excluded.place, reason = excluded.reason,
        tries = hl7v2_dead_letter.tries + 1, resolved_at = NULL
""")
STORED = text("""
    SELECT h.resource_type, h.resource_id FROM resource_head h
    JOIN unnest(cast(:types AS text[]), cast(:ids AS text[])) AS w(resource_type, resource_id)
      USING (resource_type, resource_id)
    WHERE h.site = :site
""")
LETTERS = text("""
    SELECT number, event, code, place, reason, received_at, tries
    FROM hl7v2_dead_letter WHERE site = :site AND resolved_at IS NULL ORDER BY number
""")
LETTER = text(
    "SELECT digest, sealed FROM hl7v2_dead_letter WHERE site = :site AND number = :number"
)
COUNTS = text("""
    SELECT outcome, count(*) FROM hl7v2_message WHERE site = :site GROUP BY 1
    UNION ALL
    SELECT CASE WHEN resolved_at IS NULL THEN 'dead_letters' ELSE 'mended' END, count(*)
    FROM hl7v2_dead_letter WHERE site = :site GROUP BY 1
""")
LONGEST_REASON, LONGEST_PLACE = 500, 40


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it is recorded.

    Attributes:
        digest: Its fingerprint.
        event: Trigger event.
        at: When it came, UTC.
    """

    digest: bytes
    event: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was refused and not yet taken in.

    Attributes:
        number: By which it is named.
        event: Trigger event.
        code: Of HL7 table 0357.
        place: Where it is wrong.
        reason: What is wrong; holds no value.
        received_at: When it first came, UTC.
        tries: How often it was refused.
    """

    number: int
    event: str
    code: int
    place: str
    reason: str
    received_at: datetime
    tries: int


class Page:
    """One message's work, inside the transaction that records it."""

    def __init__(self, connection: Connection, keys: SiteKeys, seal: Seal) -> None:
        self.connection = connection
        self.keys = keys
        self.seal = seal

    def lock(self, digest: bytes, subjects: Iterable[Key]) -> None:
        """Wait for others that work on the same message, patient or visit."""
        named = [digest, *(self.name(key).encode() for key in subjects)]
        site = self.keys.site.encode()
        hashes = (hashlib.sha256(site + b"\0" + each).digest()[:8] for each in named)
        self.connection.execute(LOCK, {"keys": sorted({int.from_bytes(h, signed=True)
                                                       for h in hashes})})  # fmt: skip

    def has(self, digest: bytes) -> bool:
        """Whether the message was taken in before."""
        given = {"site": self.keys.site, "digest": digest}
        return self.connection.execute(SEEN, given).first() is not None

    def known(self, subjects: Collection[Key]) -> dict[Key, Known]:
        """What is known of patients and visits; absent when nothing is."""
        names = {self.name(key): key for key in subjects}
        given = {"site": self.keys.site, "subjects": list(names)}
        rows = self.connection.execute(KNOWN, given).all()
        return {names[name]: self.opened(name, bytes(sealed)) for name, sealed in rows}

    def opened(self, name: str, sealed: bytes) -> Known:
        """What a row of the subjects says."""
        content = parse(self.seal.open(name, sealed))
        return Known(datetime.fromisoformat(content["newest"]), content.get("resource"))

    def remember(self, known: Mapping[Key, Known], *, whole: bool) -> None:
        """Keep what is known from now on; without `whole`, only the times."""
        names = {self.name(key): value for key, value in known.items()}
        ordered = sorted(names)
        sealed = [self.seal.close(name, content_of(names[name], whole=whole)) for name in ordered]
        if ordered:
            given = {"site": self.keys.site, "subjects": ordered, "sealed": sealed}
            self.connection.execute(REMEMBER, given)

    def record(self, received: Received, outcome: str) -> None:
        """Note that a message was taken in, and mend its dead letter if it was one."""
        named = {"site": self.keys.site, "digest": received.digest, "now": received.at}
        self.connection.execute(RECORD, named | {"event": received.event, "outcome": outcome})
        self.connection.execute(RESOLVE, named)

    def stored(self, resources: Iterable[Key]) -> set[Key]:
        """Those of the resources of which any version is stored."""
        names = {(kind, pseudonym(self.keys, kind, id_)): (kind, id_) for kind, id_ in resources}
        types, ids = [kind for kind, _ in names], [id_ for _, id_ in names]
        given = {"site": self.keys.site, "types": types, "ids": ids}
        return {names[kind, id_] for kind, id_ in self.connection.execute(STORED, given)}

    def name(self, key: Key) -> str:
        """What a patient or a visit is kept under."""
        return f"{key[0]}/{pseudonym(self.keys, *key)}"


def content_of(known: Known, *, whole: bool) -> bytes:
    """What is sealed of a patient or a visit; names and addresses of telephones are not kept."""
    content: dict[str, object] = {"newest": known.newest.isoformat()}
    if whole and known.resource is not None:
        dropped = {"name", "telecom"}
        kept = {name: value for name, value in known.resource.items() if name not in dropped}
        content["resource"] = kept
    return dump(content)


class Journal:
    """The listener's memory of one site."""

    def __init__(self, engine: Engine, keys: SiteKeys) -> None:
        self.engine = engine
        self.keys = keys
        self.seal = Seal(keys)

    @contextmanager
    def page(self) -> Iterator[Page]:
        """A transaction for one message; what it did is undone when the block raises."""
        with self.engine.begin() as connection:
            yield Page(connection, self.keys, self.seal)

    def bury(self, received: Received, refusal: Refusal, content: bytes) -> None:
        """Keep a refused message, sealed; the same message again counts as another try."""
        given = {
            "site": self.keys.site,
            "digest": received.digest,
            "event": received.event,
            "code": refusal.code,
            "place": str(refusal.place)[:LONGEST_PLACE],
            "reason": str(refusal)[:LONGEST_REASON],
            "sealed": self.seal.close(purpose_of(received.digest), content),
            "now": received.at,
        }
        with self.engine.begin() as connection:
            connection.execute(BURY, given)

    def letters(self) -> list[DeadLetter]:
        """The dead letters that wait, in the order they came."""
        with self.engine.connect() as connection:
            rows = connection.execute(LETTERS, {"site": self.keys.site}).all()
        return [DeadLetter(*row) for row in rows]

    def content(self, letter: DeadLetter) -> bytes:
        """The message of a dead letter, opened."""
        given = {"site": self.keys.site, "number": letter.number}
        with self.engine.connect() as connection:
            digest, sealed = connection.execute(LETTER, given).one()
        return self.seal.open(purpose_of(bytes(digest)), bytes(sealed))

    def counts(self) -> dict[str, int]:
        """How many messages were applied, late, refused and mended."""
        with self.engine.connect() as connection:
            found = connection.execute(COUNTS, {"site": self.keys.site}).all()
        names = ("applied", "late", "dead_letters", "mended")
        return dict.fromkeys(names, 0) | {str(name): int(count) for name, count in found}


def purpose_of(digest: bytes) -> str:
    """What a dead letter is sealed for."""
    return f"dead letter {digest.hex()}"

"""The vault: what pseudonyms stand for, sealed, for callers who may see real ids.

Each in a box bound to its row (`privacy/sealing.py`), under a key of its own that is derived from
the site's root key and held outside the database. A site that wants no way back keeps none
(docs/decisions/0014).
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Engine, text

from fhir_api.store.asking import ask
from privacy.keys import SiteKeys
from privacy.sealing import Box

IDENTIFIERS = "#identifier"
PUT = text(f"""
    INSERT INTO vault_name AS v (site, name, patient_id, sealed)
    SELECT :site, * FROM unnest(cast(:names AS text[]), cast(:patients AS text[]),
                                cast(:sealed AS bytea[]))
    ON CONFLICT (site, name) DO UPDATE SET sealed = excluded.sealed
    WHERE v.name LIKE '%{IDENTIFIERS}'
""")
GET = "SELECT name, sealed FROM vault_name WHERE site = %(site)s AND name = any(%(names)s)"
Names = Mapping[str, str]  # stored name -> real name
Owned = tuple[Names, str | None]  # names met in one resource, and its patient


class Vault:
    """Sealed names of one site."""

    def __init__(self, engine: Engine, keys: SiteKeys) -> None:
        self.engine = engine
        self.site = keys.site
        self.box = Box(keys.vault, keys.site)

    def put(self, connection: Connection, owned: Iterable[Owned]) -> None:
        """Seal names in the caller's transaction, all with one statement.

        A name that is there stays; identifiers that changed are sealed anew.
        """
        rows = {name: (patient, real) for names, patient in owned for name, real in names.items()}
        ordered = sorted(rows)  # one order for all writers, so that two cannot wait in a ring
        if not ordered:
            return
        given = {
            "site": self.site,
            "names": ordered,
            "patients": [rows[name][0] for name in ordered],
            "sealed": [self.seal(name, rows[name][1]) for name in ordered],
        }
        connection.execute(PUT, given)

    def names(self, names: Collection[str]) -> dict[str, str]:
        """Real names of those that are known; one query."""
        return self.opened(ask(self.engine, GET, self.asked(names))) if names else {}

    def asked(self, names: Collection[str]) -> dict[str, Any]:
        """What GET is given."""
        return {"site": self.site, "names": list(names)}

    def opened(self, found: Iterable[Any]) -> dict[str, str]:
        """Real names of the rows that GET finds."""
        return {name: self.open(name, sealed) for name, sealed in found}

    def seal(self, name: str, real: str) -> bytes:
        """Nonce and ciphertext of a real name."""
        return self.box.close(name, real.encode())

    def open(self, name: str, sealed: bytes) -> str:
        """The real name; raises cryptography's InvalidTag when it was sealed for another row."""
        return self.box.open(name, sealed).decode()

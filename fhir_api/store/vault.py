"""The vault: what pseudonyms stand for, sealed, for callers who may see real ids.

AES-256-GCM under a key of its own, derived from the site's root key and held outside the database;
site and name are authenticated, so that a sealed name cannot be moved to another row. A site that
wants no way back keeps none (docs/decisions/0003).
"""

import os
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Engine, text

from fhir_api.store.asking import ask
from privacy.keys import SiteKeys

NONCE_BYTES = 12
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
        self.cipher = AESGCM(keys.vault)

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
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self.cipher.encrypt(nonce, real.encode(), self.bound_to(name))

    def open(self, name: str, sealed: bytes) -> str:
        """The real name; raises cryptography's InvalidTag when it was sealed for another row."""
        nonce, secret = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        return self.cipher.decrypt(nonce, secret, self.bound_to(name)).decode()

    def bound_to(self, name: str) -> bytes:
        """What is authenticated beside the ciphertext."""
        return f"{self.site}\0{name}".encode()

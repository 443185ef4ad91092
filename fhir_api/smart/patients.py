"""Patients one may open an app for: ids alone, since names are not stored."""

from dataclasses import dataclass

from sqlalchemy import Engine, text

from fhir_api.store.vault import Vault
from privacy.keys import SiteKeys
from privacy.pseudonyms import is_pseudonym, pseudonym

SHOWN = 20
LISTED = text("""
    SELECT h.resource_id
    FROM resource_head h
    WHERE h.site = :site AND h.resource_type = 'Patient' AND NOT h.deleted
    ORDER BY h.resource_id
    LIMIT :count
""")
EXISTS = text("""
    SELECT EXISTS (
        SELECT FROM resource_head
        WHERE site = :site AND resource_type = 'Patient' AND resource_id = :id AND NOT deleted
    )
""")


@dataclass(frozen=True, slots=True)
class Patients:
    """Patients of one site in the store."""

    engine: Engine
    keys: SiteKeys
    vault: Vault | None

    def some(self) -> list[str]:
        """Ids of a few patients; real ones where the vault knows them."""
        given = {"site": self.keys.site, "count": SHOWN}
        with self.engine.connect() as connection:
            stored = [f"Patient/{each}" for each in connection.scalars(LISTED, given)]
        real = self.vault.names(stored) if self.vault is not None else {}
        return sorted(real.get(each, each).partition("/")[2] for each in stored)

    def exists(self, id_: str) -> bool:
        """Whether a patient of this id is stored."""
        known = self.vault is None and is_pseudonym(id_)
        stored = id_ if known else pseudonym(self.keys, "Patient", id_)
        with self.engine.connect() as connection:
            given = {"site": self.keys.site, "id": stored}
            return bool(connection.execute(EXISTS, given).scalar_one())

"""Patients one may open an app for: ids alone, since names are not stored."""

from dataclasses import dataclass

from sqlalchemy import Engine, text

from fhir_api.store.vault import Vault
from privacy.keys import SiteKeys
from privacy.pseudonyms import pseudonym

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
        """Real ids of a few patients, those that the vault knows."""
        if self.vault is None:
            return []
        given = {"site": self.keys.site, "count": SHOWN}
        with self.engine.connect() as connection:
            stored = [f"Patient/{each}" for each in connection.scalars(LISTED, given)]
        return sorted(name.partition("/")[2] for name in self.vault.names(stored).values())

    def exists(self, id_: str) -> bool:
        """Whether a patient of this real id is stored."""
        given = {"site": self.keys.site, "id": pseudonym(self.keys, "Patient", id_)}
        with self.engine.connect() as connection:
            return bool(connection.execute(EXISTS, given).scalar_one())

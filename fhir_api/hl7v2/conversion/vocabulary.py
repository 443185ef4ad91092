"""The tables of `mapping.toml`, and a site's additions to them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fhir_api.errors import InvalidRequest

MAPPING = Path(__file__).with_name("mapping.toml")
OWN_SYSTEM = "http://homeward.dev/hl7v2/authority/"
OID_TYPES, UUID_TYPES, URI_TYPES = {"ISO", "L"}, {"UUID", "GUID"}, {"URI", "URL"}
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What codes, coding systems, authorities and events mean at a site.

    Attributes:
        events: Status of the visit by trigger event.
        authorities: Identifier system by namespace id.
        identifier_types: Identifier system by type code, where no authority is named.
        coding_systems: System by name of table 0396, in capitals.
        tables: Codes, system and fallback by table.
    """

    events: Mapping[str, str]
    authorities: Mapping[str, str]
    identifier_types: Mapping[str, str]
    coding_systems: Mapping[str, str]
    tables: Mapping[str, Mapping[str, Any]]

    def code(self, table: str, given: str) -> str | None:
        """What a code of a table is in FHIR; the table's fallback, or None, when it is unlisted.

        An empty code is nothing and has no fallback.
        """
        if not given:
            return None
        entry = self.tables[table]
        found = entry["codes"].get(given, entry.get("fallback"))
        return None if found is None else str(found)

    def coding(self, table: str, given: str) -> Json | None:
        """The same as a Coding."""
        found = self.code(table, given)
        if found is None:
            return None
        system, bar, code = found.rpartition("|")
        return {"system": system if bar else self.tables[table]["system"], "code": code}

    def concept(self, table: str, given: str) -> Json | None:
        """The same as a CodeableConcept."""
        coding = self.coding(table, given)
        return None if coding is None else {"coding": [coding]}

    def coding_system(self, name: str) -> str | None:
        """The system that a name of table 0396 stands for; None when it is unlisted."""
        return self.coding_systems.get(name.upper())

    def authority(self, namespace: str, universal: str, kind: str) -> str | None:
        """The system of the identifiers that an authority assigns (HD, v2.8, 2A.3.35).

        An authority that says no OID, UUID or address, and is not in the tables, gets an address
        of ours with its name.
        """
        if namespace in self.authorities:
            return self.authorities[namespace]
        if universal:
            return universal_system(universal, kind)
        return OWN_SYSTEM + quote(namespace, safe="") if namespace else None


def universal_system(universal: str, kind: str) -> str:
    """A system from a universal id and its type (table 0301)."""
    if kind in OID_TYPES and universal.replace(".", "").isdigit():
        return f"urn:oid:{universal}"
    if kind in UUID_TYPES:
        return f"urn:uuid:{universal.lower()}"
    if kind in URI_TYPES and ":" in universal:
        return universal
    return OWN_SYSTEM + quote(universal, safe="")


def load_vocabulary(site_tables: Path | None = None) -> Vocabulary:
    """Our tables, with a site's own laid over them.

    Raises:
        InvalidRequest: The site's file is no TOML, or holds what the tables do not know.
    """
    raw = tomllib.loads(MAPPING.read_text(encoding="utf-8"))
    if site_tables is not None:
        lay_over(raw, read_site_tables(site_tables), str(site_tables))
    systems = {name.upper(): system for name, system in raw["coding-systems"].items()}
    return Vocabulary(
        raw["events"], raw["authorities"], raw["identifier-types"], systems, raw["tables"]
    )


def read_site_tables(path: Path) -> Json:
    """A site's file; raises InvalidRequest when it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{path} cannot be read as TOML: {type(error).__name__}.") from error


def lay_over(ours: Json, theirs: Json, source: str) -> None:
    """Add a site's codes to ours; sections and tables must be among ours."""
    unknown = set(theirs) - (set(ours) - {"events"})
    unknown |= set(theirs.get("tables", {})) - set(ours["tables"])
    if unknown:
        raise InvalidRequest(f"{source} names what the tables do not have: {sorted(unknown)}.")
    for section in set(theirs) - {"tables"}:
        ours[section] |= theirs[section]
    for name, table in theirs.get("tables", {}).items():
        ours["tables"][name]["codes"] |= table.get("codes", {})

"""Stored resources as a caller may see them: real ids and true dates, or as they are stored.

Ids that the caller names are computed again; all others come out of the vault, where the site keeps
one, with a single question for a whole answer. Dates move back by the shift that the patient's
pseudonym and the key give. A caller who is not to see identities gets what is stored.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fhir_api.store.named import read_named
from fhir_api.store.records import StoredResource
from fhir_api.store.repository import ResourceStore
from fhir_api.store.vault import IDENTIFIERS, Vault
from fhir_api.validation.elements import names_of_type
from privacy.dates import shift_days, shift_text
from privacy.keys import SiteKeys
from privacy.pseudonyms import is_pseudonym, pseudonym
from privacy.references import target_of

DATE = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9:.]+(Z|[+-][0-9:]{5}))?)?)?")
DATE_TYPES = ("date", "dateTime", "instant")
VERSION = "/_history/"


class Presenter:
    """Translates ids for one request: on the way in, and on the way out.

    Args:
        keys: Of the site.
        vault: Real names of pseudonyms; None where the site keeps none.
        identified: Whether the caller sees real ids and true dates.
    """

    def __init__(self, keys: SiteKeys, vault: Vault | None, *, identified: bool = True) -> None:
        self.keys = keys
        self.vault = vault
        self.identified = identified
        self.real: dict[str, str] = {}
        self.asked: set[str] = set()

    def stored_id(self, resource_type: str, given_id: str) -> str:
        """The pseudonym of an id that the caller names.

        Who may not see identities names pseudonyms, and cannot try out real ids; where no vault
        gives real ids back, both are understood.
        """
        if not self.identified or (self.vault is None and is_pseudonym(given_id)):
            return given_id
        stored = pseudonym(self.keys, resource_type, given_id)
        self.real[f"{resource_type}/{stored}"] = f"{resource_type}/{given_id}"
        return stored

    def stored_reference(self, reference: str) -> str | None:
        """`Type/pseudonym` of a literal reference, relative or absolute; None for other forms."""
        target = target_of(reference)
        if target is None:
            return None
        return f"{target.resource_type}/{self.stored_id(target.resource_type, target.real_id)}"

    def name(self, stored: str) -> str:
        """`Type/real-id` of `Type/pseudonym`; itself where the caller may not see or none knows."""
        if self.identified and stored not in self.real:
            self.learn([stored])
        return self.real.get(stored, stored) if self.identified else stored

    def learn(self, names: Sequence[str]) -> None:
        """Ask the vault, once, for what is not known yet."""
        unknown = {*names} - self.real.keys() - self.asked
        if unknown and self.vault is not None:
            self.real |= self.vault.names(unknown)

    def read(
        self, store: ResourceStore, resource_type: str, resource_id: str
    ) -> StoredResource | None:
        """The newest version of a resource; what presenting it will ask comes in the same trip."""
        if not self.identified or self.vault is None:
            return store.read(resource_type, resource_id)
        found = read_named(store, self.vault, resource_type, resource_id)
        if found is None:
            return None
        row, names = found
        self.real |= names
        self.asked |= {*names_in(row)}
        return row

    def present(self, rows: Sequence[StoredResource]) -> list[dict[str, Any]]:
        """The resources as this caller may see them, version and time in `meta`."""
        if not self.identified:
            return [with_meta(row, dict(row.body)) for row in rows]
        self.learn([name for row in rows for name in names_in(row)])
        return [self.identify(row) for row in rows]

    def identify(self, row: StoredResource) -> dict[str, Any]:
        """One resource with what is known put back."""
        days = -shift_days(row.patient_id, self.keys) if row.patient_id else 0
        body: dict[str, Any] = restored(row.body, self.real, days)
        name = f"{row.resource_type}/{row.resource_id}"
        body["id"] = self.real.get(name, name).partition("/")[2]
        if kept := self.real.get(name + IDENTIFIERS):
            body["identifier"] = json.loads(kept)
        return with_meta(row, body)


def with_meta(row: StoredResource, body: dict[str, Any]) -> dict[str, Any]:
    """The resource with its version and the moment it was stored in `meta`."""
    moment = row.recorded_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    meta = {**body.get("meta", {}), "versionId": str(row.version), "lastUpdated": moment}
    return {**body, "meta": meta}


def names_in(row: StoredResource) -> Iterator[str]:
    """Stored names that may be put back in a resource."""
    name = f"{row.resource_type}/{row.resource_id}"
    yield name
    yield name + IDENTIFIERS
    yield from references_in(row.body)


def references_in(node: Any) -> Iterator[str]:
    """Every `Type/pseudonym` that a value refers to, without its version."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "reference" and isinstance(value, str):
                yield value.partition(VERSION)[0]
            elif isinstance(value, (Mapping, list)):
                yield from references_in(value)
    elif isinstance(node, list):
        for item in node:
            yield from references_in(item)


def restored(node: Any, real: Mapping[str, str], days: int) -> Any:
    """A copy of a value with known references and, unless `days` is 0, dates put back."""
    if isinstance(node, Mapping):
        return {key: restored_element(key, value, real, days) for key, value in node.items()}
    if isinstance(node, list):
        return [restored(item, real, days) for item in node]
    return node


def restored_element(key: str, value: Any, real: Mapping[str, str], days: int) -> Any:
    """One element put back by its name."""
    if key == "reference" and isinstance(value, str):
        name, mark, version = value.partition(VERSION)
        return real.get(name, name) + mark + version
    if days and key in names_of_type(*DATE_TYPES):
        return shifted(value, real, days)
    return restored(value, real, days)


def shifted(value: Any, real: Mapping[str, str], days: int) -> Any:
    """A date, or each of a list of dates, moved by `days`; whatever is no date is restored."""
    if isinstance(value, list):
        return [shifted(item, real, days) for item in value]
    if isinstance(value, str) and DATE.fullmatch(value):
        return shift_text(value, days)
    return restored(value, real, days)

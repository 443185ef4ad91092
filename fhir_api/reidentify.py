"""A stored resource as its caller knows it: real ids where the caller named them, true dates.

Nothing is looked up, for nothing identified is kept: the pseudonym of an id the caller gave is
computed again, and dates move back by the shift that the patient's pseudonym and the key give.
Ids that the caller did not name stay pseudonyms.
"""

import re
from collections.abc import Mapping
from typing import Any

from fhir_api.store.records import StoredResource
from fhir_api.validation.elements import names_of_type
from privacy.dates import shift_days, shift_text
from privacy.keys import SiteKeys
from privacy.pseudonyms import pseudonym

DATE = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9:.]+(Z|[+-][0-9:]{5}))?)?)?")
DATE_TYPES = ("date", "dateTime", "instant")


class KnownIds:
    """The real ids that a caller has named, by the pseudonym under which each is stored."""

    def __init__(self, keys: SiteKeys) -> None:
        self.keys = keys
        self.real: dict[str, str] = {}

    def add(self, resource_type: str, real_id: str) -> str:
        """The pseudonym of an id that the caller names."""
        stored = pseudonym(self.keys, resource_type, real_id)
        self.real[f"{resource_type}/{stored}"] = f"{resource_type}/{real_id}"
        return stored

    def reference(self, stored: str) -> str:
        """A stored reference with the real id, if the caller named it; a version is kept."""
        name, mark, version = stored.partition("/_history/")
        return self.real.get(name, name) + mark + version


def reidentified(stored: StoredResource, known: KnownIds) -> dict[str, Any]:
    """The resource for a caller who named the ids in `known`, its version and time in `meta`."""
    days = -shift_days(stored.patient_id, known.keys) if stored.patient_id else 0
    body: dict[str, Any] = restored(stored.body, known, days)
    name = f"{stored.resource_type}/{stored.resource_id}"
    moment = stored.recorded_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    meta = {**body.get("meta", {}), "versionId": str(stored.version), "lastUpdated": moment}
    return {**body, "id": known.reference(name).partition("/")[2], "meta": meta}


def restored(node: Any, known: KnownIds, days: int) -> Any:
    """A copy of a value with known references and, unless `days` is 0, dates put back."""
    if isinstance(node, Mapping):
        return {key: restored_element(key, value, known, days) for key, value in node.items()}
    if isinstance(node, list):
        return [restored(item, known, days) for item in node]
    return node


def restored_element(key: str, value: Any, known: KnownIds, days: int) -> Any:
    """One element put back by its name."""
    if key == "reference" and isinstance(value, str):
        return known.reference(value)
    if days and key in names_of_type(*DATE_TYPES):
        return shifted(value, known, days)
    return restored(value, known, days)


def shifted(value: Any, known: KnownIds, days: int) -> Any:
    """A date, or each of a list of dates, moved by `days`; whatever is no date is restored."""
    if isinstance(value, list):
        return [shifted(item, known, days) for item in value]
    if isinstance(value, str) and DATE.fullmatch(value):
        return shift_text(value, days)
    return restored(value, known, days)

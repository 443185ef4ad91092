r"""References in all the forms a sender may use, rewritten to pseudonyms.

| as sent                                   | as stored                                        |
|-------------------------------------------|--------------------------------------------------|
| `Patient/17`                              | `Patient/p1…`                                    |
| `Patient/17/_history/2`                   | `Patient/p1…/_history/2`, if it ends in a number |
| `https://ehr.example/fhir/Patient/17`     | `Patient/p1…`                                    |
| `Patient?identifier=system\|value`       | what ingestion resolved it to, else hashed whole |
| `urn:uuid:…` left over, `urn:oid:…`       | `urn:uuid:…` made from a keyed hash of the whole |
| `#inner`                                  | `#p1…`, bound to the resource that contains it   |
| anything else                             | dropped                                          |

https://hl7.org/fhir/R4/references.html
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from privacy.keys import SiteKeys
from privacy.pseudonyms import pseudonym, uid_pseudonym, uuid_pseudonym
from privacy.rules import Visit, with_extensions

LONGEST_REFERENCE = 2048
LITERAL = re.compile(
    r"(?:https?://[^\s?#]{1,1024}/)?([A-Z][A-Za-z]{1,40})/([^\s/?#]{1,128})(?:/_history/[^\s/?#]{1,64})?"
)
VERSION = re.compile(r"/_history/[0-9]{1,9}\Z")
CONDITIONAL = re.compile(r"(?:https?://[^\s?#]{1,1024}/)?([A-Z][A-Za-z]{1,40})\?.*", re.DOTALL)
CONTAINED = "#"
URN = "urn:"


class Target(NamedTuple):
    """What a literal reference points at."""

    resource_type: str
    real_id: str


def target_of(reference: str) -> Target | None:
    """Type and id of a relative or absolute reference; None for all other forms.

    >>> target_of("https://ehr.example/fhir/Patient/17/_history/2")
    Target(resource_type='Patient', real_id='17')
    """
    match = LITERAL.fullmatch(reference) if len(reference) <= LONGEST_REFERENCE else None
    return Target(match[1], match[2]) if match else None


class References:
    """The rules for references, ids and addresses of resources."""

    def __init__(self, keys: SiteKeys, resource_types: frozenset[str]) -> None:
        self._keys = keys
        self._types = resource_types

    def reference(self, value: Any, visit: Visit) -> Any:
        """A Reference without display and identifier, its address a pseudonym."""
        if type(value) is not dict:
            return None
        kept: dict[str, Any] = {}
        address = value.get("reference")
        if type(address) is str and (clean := self.address(address, visit)) is not None:
            kept["reference"] = clean
        if isinstance(kind := value.get("type"), str) and kind in self._types:
            kept["type"] = kind
        return with_extensions(kept, value, visit)

    def address(self, reference: str, visit: Visit) -> str | None:
        """A reference as it may be stored; None when it is of no known form."""
        if reference[:1] == CONTAINED:
            return self._contained(reference[1:], visit)
        known = visit.batch.references
        if reference not in known:
            known[reference] = self._address(reference, visit)
        stored = known[reference]
        if stored is not None and (target := target_of(reference)) is not None:
            visit.names[VERSION.sub("", stored)] = f"{target.resource_type}/{target.real_id}"
        return stored

    def resource_id(self, value: Any, visit: Visit) -> str | None:
        """The pseudonym of the resource that is visited."""
        kind = visit.resource.get("resourceType")
        return self.pseudonym(str(kind), value, visit) if isinstance(value, str) else None

    def pseudonym(self, resource_type: str, real_id: str, visit: Visit) -> str:
        """The pseudonym of an id, made once in a batch."""
        known, reference = visit.batch.pseudonyms, (resource_type, real_id)
        if reference not in known:
            known[reference] = pseudonym(self._keys, resource_type, real_id)
        return known[reference]

    def contained_id(self, value: Any, visit: Visit) -> str | None:
        """The pseudonym of a contained resource; equal ids in two containers differ."""
        return pseudonym(self._keys, visit.owner, value) if isinstance(value, str) else None

    def entry_url(self, value: Any, _visit: Visit) -> str | None:
        """`Bundle.entry.fullUrl`: a urn stays a urn, a server's address is dropped."""
        if not isinstance(value, str) or not value.startswith(URN):
            return None
        return uuid_pseudonym(self._keys, value)

    def uid(self, value: Any, _visit: Visit) -> str | None:
        """A DICOM uid, replaced by one that says nothing."""
        return uid_pseudonym(self._keys, value) if isinstance(value, str) else None

    def _contained(self, inner: str, visit: Visit) -> str:
        return CONTAINED + pseudonym(self._keys, visit.owner, inner) if inner else CONTAINED

    def _address(self, reference: str, visit: Visit) -> str | None:
        target = target_of(reference)
        if target is not None and target.resource_type in self._types:
            version = VERSION.search(reference)
            stored = f"{target.resource_type}/{self.pseudonym(*target, visit)}"
            return stored + version[0] if version else stored
        if reference.startswith(URN):
            return uuid_pseudonym(self._keys, reference)
        match = CONDITIONAL.fullmatch(reference)
        if match is not None and match[1] in self._types:
            return f"{match[1]}/{self.pseudonym(match[1], reference, visit)}"
        return None


def references_of(element: Any) -> list[str]:
    """The addresses in a Reference or a list of them, in order."""
    items = element if isinstance(element, list) else [element]
    found = (item.get("reference") for item in items if isinstance(item, Mapping))
    return [address for address in found if isinstance(address, str)]

"""Whether the policy lets through what a search parameter reads.

What is dropped from every resource before it is stored can be found by nobody, so it is not
advertised either. The way of a parameter is walked through the decisions of the policy.
"""

from collections.abc import Mapping
from types import MappingProxyType

from fhir_api.search.r4.kinds import ADDRESS, NAMES
from fhir_api.search.r4.ways import Hop, Way
from privacy.elements import EVERY_RESOURCE, Element
from privacy.policy import DROP, Policy

EXTENSION = "Extension"
KEEPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "address": ("use", "type", "country", "state", "postalCode"),
        "attachment": ("contentType", "language", "creation"),
        "coding": ("system", "code"),
        "identifier": ("system", "value"),
        "quantity": ("value", "comparator", "unit", "system", "code"),
        "reference": ("reference", "type"),
    }
)  # what a word of the policy leaves of an object
READ: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Address": ADDRESS,
        "CodeableConcept": ("coding",),
        "ContactPoint": ("value",),
        "HumanName": NAMES,
        "Money": ("value",),
        "Period": ("start", "end"),
        "Range": ("low", "high"),
        "Timing": ("event", "repeat"),
    }
)  # what a search reads of an object


def is_kept(policy: Policy, resource_type: str, way: Way) -> bool:
    """Whether anything at the end of a way may be stored."""
    path = resource_type
    for place, hop in enumerate(way.hops):
        element = element_at(policy, path, hop.name)
        if element is None:
            return False
        action = policy.action(path if is_own(policy, path, element) else EVERY_RESOURCE, element)
        if action is not None:
            return leaves(policy, action, element, way.hops[place:])
        path = policy.target(path, element)
    return any(stays(policy, path, name) for name in READ.get(way.data_type, ()))


def leaves(policy: Policy, action: str, element: Element, hops: tuple[Hop, ...]) -> bool:
    """Whether a word of the policy leaves what the last hops lead to; the first is the element."""
    if action == DROP or (action == "keep" and element.data_type in {"string", "markdown"}):
        return False
    if action == "extension":
        return is_listed(policy, hops)
    return len(hops) == 1 or action not in KEEPS or hops[1].name in KEEPS[action]


def is_listed(policy: Policy, hops: tuple[Hop, ...]) -> bool:
    """Whether an extension is listed and its value is of a type that stays."""
    addresses = [guard.text for guard in hops[0].guards]
    roots = policy.roots("extensions", "roots")
    known = all(each in policy.extensions or each.startswith(roots) for each in addresses)
    return known and len(hops) > 1 and stays(policy, EXTENSION, hops[1].name)


def stays(policy: Policy, path: str, name: str) -> bool:
    """Whether an element of an object is anything but dropped."""
    element = element_at(policy, path, name)
    return element is not None and policy.action(path, element) != DROP


def element_at(policy: Policy, path: str, name: str) -> Element | None:
    """The element of that JSON name, of the object itself or of every resource."""
    for owner in (path, EVERY_RESOURCE) if path in policy.r4.resource_types else (path,):
        for element in policy.r4.objects.get(owner, ()):
            if element.name == name:
                return element
    return None


def is_own(policy: Policy, path: str, element: Element) -> bool:
    """Whether an element is one of the object's own, and not of every resource."""
    return element in policy.r4.objects.get(path, ())

"""The policy, compiled once into nested tables of functions, and the walk over a resource.

A table has one rule for each JSON name that may stay; a name without a rule is dropped, which is
how an allow-list is obeyed without asking it again for every value.
"""

from collections.abc import Mapping
from typing import Any

from privacy.codes import Codes
from privacy.elements import EVERY_RESOURCE, Element
from privacy.extensions import Extensions
from privacy.keys import SiteKeys
from privacy.notes.attachments import attachment
from privacy.places import Places, read_zip3
from privacy.policy import DROP, Policy
from privacy.references import References
from privacy.rules import (
    Refused,
    Rule,
    Visit,
    code,
    instant,
    keep,
    samples,
    shift,
    text,
    time,
    year_of_birth,
)

EXTENSION_TYPE = "Extension"
INSTANT = "instant"
MASKED = {
    "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
    "valueCode": "masked",
}  # stands where R4 demands an element that may not be kept


class Walker:
    """Cleans resources by one policy with one site's keys."""

    def __init__(self, policy: Policy, keys: SiteKeys) -> None:
        self._policy = policy
        self._tables: dict[str, dict[str, Rule]] = {}
        self._required: dict[str, dict[str, Element]] = {}
        values: dict[str, Rule] = {}
        extensions = Extensions(policy, values)
        self.extension: Rule = extensions.extension
        self._rules = self._by_word(policy, keys, extensions)
        self._walks = {name: self._resource_walk(name) for name in sorted(policy.resources)}
        table = self._table(EXTENSION_TYPE)
        values.update({name: rule for name, rule in table.items() if name.startswith("value")})

    def walk(self, resource: Mapping[str, Any], visit: Visit) -> dict[str, Any]:
        """What may be stored of a resource.

        Raises:
            Refused: Its type has no policy, or it says something that may turn its meaning round.
        """
        kind = resource.get("resourceType")
        if not isinstance(kind, str) or kind not in self._walks:
            raise Refused("The policy has no table for this resource type; nothing of it is kept.")
        return {"resourceType": kind, **(self._walks[kind](resource, visit) or {})}

    def _by_word(self, policy: Policy, keys: SiteKeys, extensions: Extensions) -> dict[str, Rule]:
        codes, places = Codes(policy, keys), Places(read_zip3())
        references = References(keys, policy.r4.resource_types)
        return {
            "keep": keep,
            "code": code,
            "coding": codes.coding,
            "quantity": codes.quantity,
            "time": time,
            "shift": shift,
            INSTANT: instant,
            "birth-year": year_of_birth,
            "pseudonym": references.resource_id,
            "reference": references.reference,
            "identifier": codes.identifier,
            "uid": references.uid,
            "address": places.address,
            "known-uri": codes.known_uri,
            "samples": samples,
            "attachment": attachment,
            "extension": extensions.extension,
            "modifier": extensions.modifier,
            "entry-url": references.entry_url,
            "resource": self._nested,
            "contained": _contained(self, references),
            "text": text,
        }

    def _resource_walk(self, name: str) -> Rule:
        table, required = self._table(name), self._required[name]
        return _object(dict(self._table(EVERY_RESOURCE)) | table, required)

    def _table(self, path: str) -> dict[str, Rule]:
        """Rule by JSON name of the object at `path`; made once, and open to itself meanwhile."""
        if path in self._tables:
            return self._tables[path]
        table = self._tables[path] = {}
        required = self._required[path] = {}
        if path[0].isupper():  # every element may carry extensions, backbone elements modifiers
            table |= {"extension": self.extension, "modifierExtension": self._rules["modifier"]}
        for element in self._policy.r4.objects[path]:
            rule = self._rule(path, element)
            if rule is not None:
                table[element.name] = _many(rule) if _is_looped(element) else rule
                if element.is_primitive and not element.repeats:
                    table["_" + element.name] = _sibling
            if element.required:
                required[element.name] = element
        return table

    def _rule(self, path: str, element: Element) -> Rule | None:
        action = self._policy.action(path, element)
        if action is None:
            target = self._policy.target(path, element)
            return _object(self._table(target), self._required[target])
        return None if action == DROP else self._rules[word_of(action, element)]

    def _nested(self, value: Any, visit: Visit) -> Any:
        """A resource inside a Bundle or Parameters, with its own patient if it names one."""
        if not isinstance(value, Mapping):
            return None
        return self.walk(value, visit.batch.enter(value, visit))


def word_of(action: str, element: Element) -> str:
    """The word of a rule: an instant has no lower precision that a date moved to its year has."""
    return INSTANT if action == "shift" and element.data_type == INSTANT else action


def _contained(walker: Walker, references: References) -> Rule:
    def clean(value: Any, visit: Visit) -> Any:
        if not isinstance(value, Mapping):
            return None
        kept = walker.walk(value, visit.inside(value))
        inner = references.contained_id(value.get("id"), visit)
        return {**kept, "id": inner} if inner else kept

    return clean


def _object(table: Mapping[str, Rule], required: Mapping[str, Element]) -> Rule:
    def clean(value: Any, visit: Visit) -> Any:
        if type(value) is not dict:
            return None
        kept: dict[str, Any] = {}
        name = ""
        try:
            for name, item in value.items():
                rule = table.get(name)
                if rule is not None:
                    clean_item = rule(item, visit)
                    if clean_item is not None:
                        kept[name] = clean_item
                        continue
                if name in required:
                    _mask(kept, required[name])
        except Refused as refused:
            refused.path.append(name)
            raise
        return kept or None

    return clean


def _many(rule: Rule) -> Rule:
    def clean(items: Any, visit: Visit) -> Any:
        if type(items) is not list:
            return None
        try:
            return [kept for item in items if (kept := rule(item, visit)) is not None] or None
        except Refused as refused:
            refused.path.append(_refused_place(items, rule, visit))
            raise

    return clean


def _refused_place(items: list[Any], rule: Rule, visit: Visit) -> int:
    """Which item of a list was refused; asked again only then, to keep the common way short."""
    for position, item in enumerate(items):
        try:
            rule(item, visit)
        except Refused:
            return position
    return 0


def _is_looped(element: Element) -> bool:
    """True for arrays whose rule takes one item; the rule of extensions takes the whole list."""
    return element.repeats and element.data_type != EXTENSION_TYPE


def _sibling(value: Any, visit: Visit) -> Any:
    """The extensions of a primitive, which JSON writes in a property beside it."""
    if not isinstance(value, Mapping):
        return None
    extensions = visit.batch.extension(value.get("extension"), visit)
    return {"extension": extensions} if extensions else None


def _mask(kept: dict[str, Any], element: Element) -> None:
    """Say that a demanded element was withheld, so that what is stored is still valid R4."""
    masked = {"extension": [dict(MASKED)]}
    if not element.is_primitive:
        kept[element.name] = [masked] if element.repeats else masked
    elif not element.repeats:
        kept.setdefault("_" + element.name, masked)

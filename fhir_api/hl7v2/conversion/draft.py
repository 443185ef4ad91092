"""A resource as one message tells it, laid over what was known before.

HL7 v2.8, 2.5.3: a field that is empty says nothing, and what was known stays; two double quotes
ask for it to be deleted; a field with a value replaces it, all its repetitions at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fhir_api.hl7v2.wire.message import Segment

Json = dict[str, Any]
EMPTY: tuple[Any, ...] = (None, "", [], {})
BAR = "|"


def role_of(participant: Json) -> str:
    """The role of an Encounter.participant, which is what tells two apart."""
    return str(participant["type"][0]["coding"][0]["code"])


MEMBERS: Mapping[str, Callable[[Json], str]] = {
    "extension": lambda each: str(each["url"]),
    "participant": role_of,
    "diagnosis": lambda each: str(each["condition"]["reference"]),
    "link": lambda each: f"{each['type']} {each['other']['reference']}",
}  # lists of which a message may tell a part


@dataclass(slots=True)
class Draft:
    """A resource in the making.

    Attributes:
        resource: What the message says.
        deleted: What it asks to delete: `element`, `element.child` or `element|member`.
    """

    resource: Json
    deleted: set[str] = field(default_factory=set)

    def put(self, path: str, segment: Segment, number: int, value: Any) -> None:
        """Set `element` or `element.child` from a field, or note that it is to be deleted."""
        if segment.is_null(number):
            self.deleted.add(path)
        elif value not in EMPTY:
            outer, _, inner = path.partition(".")
            if inner:
                self.resource.setdefault(outer, {})[inner] = value
            else:
                self.resource[outer] = value

    def put_member(self, path: str, segment: Segment, number: int, value: Json | None) -> None:
        """The same for a member of a list; `path` is `element|member`."""
        if segment.is_null(number):
            self.deleted.add(path)
        elif value:
            self.resource.setdefault(path.partition(BAR)[0], []).append(value)

    def over(self, earlier: Json | None) -> Json:
        """The resource with what was known before and is neither told anew nor deleted."""
        merged = {name: value for name, value in (earlier or {}).items() if self.keeps(name)}
        for name, value in self.resource.items():
            known = merged.get(name)
            if name in MEMBERS and isinstance(known, list):
                merged[name] = with_members(name, known, value)
            elif isinstance(value, dict) and isinstance(known, dict) and not is_concept(value):
                merged[name] = known | value
            else:
                merged[name] = value
        kept = {name: self.left(name, value) for name, value in merged.items()}
        return {name: value for name, value in kept.items() if value not in EMPTY}

    def keeps(self, name: str) -> bool:
        """Whether an element that was known may stay."""
        return name not in self.deleted

    def left(self, name: str, value: Any) -> Any:
        """What is left of an element without the parts that are to be deleted."""
        if name in MEMBERS and isinstance(value, list):
            member = MEMBERS[name]
            return [each for each in value if f"{name}{BAR}{member(each)}" not in self.deleted]
        if isinstance(value, dict):
            return {k: v for k, v in value.items() if f"{name}.{k}" not in self.deleted}
        return value


def is_concept(value: Json) -> bool:
    """Whether an object is one value and not a group of elements."""
    return bool({"coding", "code", "reference", "value"} & set(value))


def with_members(name: str, known: list[Json], told: list[Json]) -> list[Json]:
    """The members told, after those that were known and are not told anew."""
    member = MEMBERS[name]
    anew = {member(each) for each in told}
    return [each for each in known if member(each) not in anew] + told

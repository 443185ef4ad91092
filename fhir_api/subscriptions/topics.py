"""What can be subscribed to: topics.toml, read and asked of each change.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/components.html#subscription-topics
"""

import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fhir_api.store.feed import Change

DEFINITIONS = Path(__file__).with_name("topics.toml")
CANONICAL = "http://homeward.dev/SubscriptionTopic/"
CLASS = "class.code"
Kind = Literal["reference", "token", "number"]


@dataclass(frozen=True, slots=True)
class FilterDefinition:
    """A filter that subscribers may set.

    Attributes:
        kind: How its values are written and compared.
        element: Path from the resource, such as `subject.reference`.
        target: Type that a reference points at.
    """

    kind: Kind
    element: str
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Topic:
    """A kind of event.

    Attributes:
        name: Last part of its canonical URL.
        title: For people.
        description: For people.
        resource: R4 type whose changes are looked at.
        interactions: `create`, `update`, or both.
        transition: Whether only the version that begins to match is an event.
        holds: Path to the values of which one must be there.
        filters: By name.
    """

    name: str
    title: str
    description: str
    resource: str
    interactions: tuple[str, ...]
    transition: bool
    holds: Mapping[str, Collection[str]]
    filters: Mapping[str, FilterDefinition]

    @property
    def url(self) -> str:
        """The canonical URL."""
        return CANONICAL + self.name

    def concerns(self, change: Change) -> bool:
        """Whether a change may be an event, its previous version not yet looked at."""
        interaction = "create" if change.version == 1 else "update"
        asked = change.resource_type == self.resource and interaction in self.interactions
        return asked and self.matches(change.body)

    def is_event(self, change: Change, before: Mapping[str, Any] | None) -> bool:
        """Whether a change is an event; `before` is the previous version, None when there is none.

        A version after a deletion counts as the first.
        """
        return self.concerns(change) and not (self.transition and self.matches(before))

    def matches(self, body: Mapping[str, Any] | None) -> bool:
        """Whether a version is as the topic wants it; a deletion never is."""
        if body is None:
            return False
        return all(
            not set(wanted).isdisjoint(values(body, path)) for path, wanted in self.holds.items()
        )


Topics = Mapping[str, Topic]  # by canonical URL


def load_topics(inpatient_classes: Collection[str] | None = None) -> Topics:
    """The topics by canonical URL.

    Args:
        inpatient_classes: `Encounter.class` codes that are inpatient stays at the site, where they
            are not those of topics.toml.
    """
    read = tomllib.loads(DEFINITIONS.read_text(encoding="utf-8"))
    topics = [topic_of(each, inpatient_classes) for each in read["topic"]]
    return {topic.url: topic for topic in topics}


def topic_of(given: Mapping[str, Any], inpatient_classes: Collection[str] | None) -> Topic:
    """One table of topics.toml."""
    holds = {path: frozenset(wanted) for path, wanted in given["holds"].items()}
    if inpatient_classes is not None and CLASS in holds:
        holds[CLASS] = frozenset(inpatient_classes)
    return Topic(
        given["name"],
        given["title"],
        given["description"],
        given["resource"],
        tuple(given["on"]),
        given["transition"],
        holds,
        {name: FilterDefinition(**each) for name, each in given["filters"].items()},
    )


def values(node: Any, path: str) -> Iterator[Any]:
    """Everything at a path, through lists.

    >>> list(values({"code": {"coding": [{"code": "a"}, {"code": "b"}]}}, "code.coding.code"))
    ['a', 'b']
    """
    if isinstance(node, list):
        for item in node:
            yield from values(item, path)
    elif not path:
        yield node
    elif isinstance(node, Mapping):
        name, _, rest = path.partition(".")
        if name in node:
            yield from values(node[name], rest)

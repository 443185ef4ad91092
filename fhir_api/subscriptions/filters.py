"""Filter criteria of a subscription: read from text, asked of a resource, written back.

`Encounter?patient=Patient/17&class=IMP`: parameters are joined by and, values with a comma by or.
https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/StructureDefinition-backport-filter-criteria.html
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl, quote

from fhir_api.reidentify import Presenter
from fhir_api.subscriptions.topics import FilterDefinition, Topic, values
from fhir_api.validation.issue import Issue

COMPARED: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "ge": operator.ge,
    "gt": operator.gt,
    "le": operator.le,
    "lt": operator.lt,
}
PREFIX = 2  # letters
ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
SAFE = "/:|,"


@dataclass(frozen=True, slots=True)
class Filter:
    """One parameter with the values of which one must match; references are pseudonyms."""

    name: str
    wanted: tuple[str, ...]

    def passes(self, definition: FilterDefinition, body: Mapping[str, Any]) -> bool:
        """Whether a resource has one of the values."""
        matches = MATCHES[definition.kind]
        found = list(values(body, definition.element))
        return any(matches(wanted, each) for wanted in self.wanted for each in found)


def read_filters(
    criterion: str, topic: Topic, presenter: Presenter, place: str
) -> tuple[list[Filter], list[Issue]]:
    """The filters of one criterion, and what is wrong with it at `place`."""
    resource_type, _, query = criterion.partition("?")
    if resource_type != topic.resource or not query:
        message = f"Write the filter as {topic.resource}?parameter=value."
        return [], [Issue("value", message, place)]
    found, wrong = [], []
    for name, value in parse_qsl(query, keep_blank_values=True):
        read = read_filter(name, value, topic, presenter)
        if isinstance(read, Filter):
            found.append(read)
        else:
            wrong.append(Issue("not-supported", read, place))
    return found, wrong


def read_filter(name: str, value: str, topic: Topic, presenter: Presenter) -> Filter | str:
    """One parameter as a filter, or what is wrong with it."""
    definition = topic.filters.get(name)
    if definition is None:
        return f"Filters of this topic are {', '.join(sorted(topic.filters))}, without modifiers."
    wanted = [stored_value(each, definition, presenter) for each in value.split(",")]
    kept = tuple(each for each in wanted if each is not None)
    if len(kept) != len(wanted):
        return f"A value of {name} is not one of its kind: {EXPECTED[definition.kind]}."
    return Filter(name, kept)


EXPECTED = {
    "reference": "a reference such as Patient/17, or the id alone",
    "token": "code, system|code, |code or system|",
    "number": "a number after ge, gt, le or lt",
}


def stored_value(value: str, definition: FilterDefinition, presenter: Presenter) -> str | None:
    """A value as it is stored; None when it is not of its kind."""
    if definition.kind == "reference":
        return stored_reference(value, str(definition.target), presenter)
    if definition.kind == "number":
        return value if threshold(value) is not None else None
    return value if value.strip("|") and value.count("|") <= 1 else None


def stored_reference(value: str, target: str, presenter: Presenter) -> str | None:
    """`Type/pseudonym` of a reference or a bare id; None for what is neither."""
    named = value if "/" in value else f"{target}/{value}"
    resource_type, _, id_ = named.partition("/")
    if resource_type != target or not ID.fullmatch(id_):
        return None
    return presenter.stored_reference(named)


def threshold(value: str) -> tuple[Callable[[Decimal, Decimal], bool], Decimal] | None:
    """Comparison and bound of `ge30`; None when it is not of this form."""
    compare = COMPARED.get(value[:PREFIX])
    try:
        bound = Decimal(value[PREFIX:])
    except InvalidOperation:
        return None
    return (compare, bound) if compare is not None and bound.is_finite() else None


def is_reference(wanted: str, found: Any) -> bool:
    """Whether an element refers to what is wanted, whatever version it names."""
    return isinstance(found, str) and found.partition("/_history/")[0] == wanted


def has_token(wanted: str, found: Any) -> bool:
    """Whether a Coding has a token (https://hl7.org/fhir/R4/search.html#token)."""
    if not isinstance(found, Mapping):
        return False
    system, bar, code = wanted.rpartition("|")
    right_code = not code or found.get("code") == code
    right_system = not bar or found.get("system", "") == system
    return right_code and right_system


def is_beyond(wanted: str, found: Any) -> bool:
    """Whether a number lies where a threshold wants it."""
    read = threshold(wanted)
    if read is None or isinstance(found, bool) or not isinstance(found, int | Decimal):
        return False
    compare, bound = read
    return compare(Decimal(found), bound)


MATCHES: Mapping[str, Callable[[str, Any], bool]] = {
    "reference": is_reference,
    "token": has_token,
    "number": is_beyond,
}


def criterion_of(filters: Sequence[Filter], topic: Topic, presenter: Presenter) -> str | None:
    """The filters as one criterion, references as the caller knows them; None without filters."""
    served = [each for each in filters if each.name in topic.filters]
    written = [f"{each.name}={quote(shown(each, topic, presenter), SAFE)}" for each in served]
    return f"{topic.resource}?{'&'.join(written)}" if written else None


def shown(given: Filter, topic: Topic, presenter: Presenter) -> str:
    """The values of a filter as the caller knows them."""
    if topic.filters[given.name].kind != "reference":
        return ",".join(given.wanted)
    return ",".join(presenter.name(each) for each in given.wanted)

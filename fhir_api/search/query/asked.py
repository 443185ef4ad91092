"""What a search asks, read from its parameters: criteria, chains, reverse chains.

https://hl7.org/fhir/R4/search.html: `code`, `code:not`, `subject:Patient.identifier` and
`_has:Observation:patient:code`, each with values of which one is enough.
"""

from dataclasses import dataclass

from fhir_api.errors import InvalidRequest, place_of, shown_name
from fhir_api.search.query.values import parted

DEEPEST = 4  # steps of a chain
MOST_VALUES = 500  # of one parameter
HAS = "_has:"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One parameter with its values.

    Attributes:
        given: The whole name as the caller wrote it.
        name: Of the search parameter.
        modifier: After the colon; empty for none.
        values: Escapes still in them; one of them is enough.
    """

    given: str
    name: str
    modifier: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """A condition on what a reference points at: `subject:Patient.identifier`."""

    given: str
    name: str
    target: str
    inner: "Condition"


@dataclass(frozen=True, slots=True)
class Has:
    """A condition on what points here: `_has:Observation:patient:code`."""

    given: str
    resource_type: str
    name: str
    inner: "Condition"


Condition = Criterion | Chain | Has


def read_condition(given: str, value: str) -> Condition:
    """The condition of a parameter; raises InvalidRequest for a value that says nothing."""
    if "\0" in value or "\0" in given:
        message = f"The parameter {shown_name(given)} holds a character that no text may hold."
        raise InvalidRequest(message, place_of(given))
    values = tuple(each for each in parted(value, ",") if each)
    if not values or len(values) > MOST_VALUES:
        message = f"{shown_name(given)} must have a value, and at most {MOST_VALUES} of them."
        raise InvalidRequest(message, place_of(given))
    return condition_of(given, given, values, DEEPEST)


def condition_of(given: str, rest: str, values: tuple[str, ...], deeper: int) -> Condition:
    """The condition that the rest of a name says."""
    if deeper == 0:
        message = f"{shown_name(given)} has more than {DEEPEST} steps; ask in two searches."
        raise InvalidRequest(message, place_of(given))
    if rest.startswith(HAS):
        resource_type, _, after = rest.removeprefix(HAS).partition(":")
        name, _, inner = after.partition(":")
        return Has(given, resource_type, name, condition_of(given, inner, values, deeper - 1))
    link, dot, inner = rest.partition(".")
    name, _, modifier = link.partition(":")
    if dot:
        return Chain(given, name, modifier, condition_of(given, inner, values, deeper - 1))
    return Criterion(given, name, modifier, values)

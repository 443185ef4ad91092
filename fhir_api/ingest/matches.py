"""Which stored resources criteria match: by the token of one identifier, else by a search.

Who is limited finds only what lies inside the limits: otherwise the answer to a condition would
tell what others' records hold.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from fhir_api.access.caller import Limit
from fhir_api.bundles.conditional import Criteria
from fhir_api.errors import FhirError, NotSupported
from fhir_api.ingest.parts import Parts, Searching
from fhir_api.store.unit import UnitOfWork

Asker = TypeVar("Asker", bound=Hashable)
Limits = tuple[Limit, ...]
Question = tuple[str, str, Limits]  # resource type, query, and what it may find
Answer = list[str] | FhirError  # pseudonyms, or why the question cannot be answered
NO_LIMITS: Mapping[Any, Limits] = MappingProxyType({})


def matches(
    asked: Mapping[Asker, Criteria],
    unit: UnitOfWork,
    parts: Parts,
    limit: int = 2,
    limits: Mapping[Asker, Limits] = NO_LIMITS,
) -> dict[Asker, Answer]:
    """The pseudonyms that match each of the criteria, some of them when there are many.

    Two statements at most, however much is asked, and one for each type and set of limits.
    """
    tokens = {asker: criteria.token(parts.keys) for asker, criteria in asked.items()}
    known = unit.find_by_tokens({token for token in tokens.values() if token is not None})
    by_token = {asker: (token[0], known.get(token, ())) for asker, token in tokens.items() if token}
    rest = {
        asker: (each.resource_type, each.query, limits.get(asker, ()))
        for asker, each in asked.items()
        if asker not in by_token
    }
    found = searched(list(dict.fromkeys(rest.values())), unit, parts.search, limit)
    inside = within(by_token, limits, unit, parts)
    return {asker: inside[asker] if asker in inside else found[rest[asker]] for asker in asked}


def within(
    known: Mapping[Asker, tuple[str, Collection[str]]],
    limits: Mapping[Asker, Limits],
    unit: UnitOfWork,
    parts: Parts,
) -> dict[Asker, list[str]]:
    """Of the resources known to each asker, by type and pseudonyms, those inside its limits."""
    groups: dict[tuple[str, Limits], set[str]] = defaultdict(set)
    for asker, (kind, ids) in known.items():
        groups[kind, limits.get(asker, ())] |= set(ids)
    inside = {
        (kind, held): permitted(unit, parts, kind, ids, held) if held and ids else ids
        for (kind, held), ids in groups.items()
    }
    return {
        asker: [each for each in ids if each in inside[kind, limits.get(asker, ())]]
        for asker, (kind, ids) in known.items()
    }


def permitted(
    unit: UnitOfWork, parts: Parts, resource_type: str, ids: Collection[str], limits: Limits
) -> set[str]:
    """Those of the resources inside the limits; none where there is no search to ask."""
    if parts.search is None:
        return set()
    return parts.search.permitted(unit.connection, resource_type, ids, limits)


def searched(
    questions: list[Question], unit: UnitOfWork, search: Searching | None, limit: int
) -> dict[Question, Answer]:
    """What matches each question; a question that cannot be asked does not spoil the others."""
    if not questions:
        return {}
    if search is None:
        refusal = NotSupported(
            "Only one identifier can be asked for here: identifier=system|value."
        )
        return dict.fromkeys(questions, refusal)
    try:
        found = search.matching_ids(unit.connection, questions, limit)
    except FhirError as error:
        if len(questions) == 1:
            return {questions[0]: error}
        return {each: searched([each], unit, search, limit)[each] for each in questions}
    return dict(zip(questions, found, strict=True))

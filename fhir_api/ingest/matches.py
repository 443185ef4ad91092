"""Which stored resources criteria match: by the token of one identifier, else by a search."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

from fhir_api.bundles.conditional import Criteria
from fhir_api.errors import FhirError, NotSupported
from fhir_api.ingest.parts import Parts, Searching
from fhir_api.store.unit import UnitOfWork

Asker = TypeVar("Asker", bound=Hashable)
Question = tuple[str, str]  # resource type, query
Answer = list[str] | FhirError  # pseudonyms, or why the question cannot be answered


def matches(
    asked: Mapping[Asker, Criteria], unit: UnitOfWork, parts: Parts, limit: int = 2
) -> dict[Asker, Answer]:
    """The pseudonyms that match each of the criteria, some of them when there are many.

    Two statements at most, however much is asked.
    """
    tokens = {asker: criteria.token(parts.keys) for asker, criteria in asked.items()}
    known = unit.find_by_tokens({token for token in tokens.values() if token is not None})
    rest = {
        asker: (each.resource_type, each.query)
        for asker, each in asked.items()
        if tokens[asker] is None
    }
    found = searched(list(dict.fromkeys(rest.values())), unit, parts.search, limit)
    return {
        asker: list(known.get(token, ())) if token is not None else found[rest[asker]]
        for asker, token in tokens.items()
    }


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

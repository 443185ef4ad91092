"""A search as it is asked, and its answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from fhir_api.access.caller import Caller, Limit
from fhir_api.search.query.controls import MOST, Controls, Inclusion
from fhir_api.search.sql.frame import Frame, Place
from fhir_api.store.records import StoredResource
from fhir_api.validation.issue import Issue

Parameters = Sequence[tuple[str, str]]


class Narrowing(Protocol):
    """What narrows a search beside its parameters; its `repr` tells it from others."""

    def conditions(self, frame: Frame, place: Place) -> list[str]:
        """SQL: conditions on the heads."""


@dataclass(frozen=True, slots=True)
class Question:
    """A search as it is asked.

    Attributes:
        resource_type: Type searched; empty for all types.
        parameters: Names and values as the caller gave them, decoded.
        caller: Who asks, whose limits hold in chains and includes; None for the server itself.
        limits: On the resources of the type; None for the caller's own limits on searches.
        lenient: Whether unknown parameters are left out with a warning.
        within: Type and real id of the compartment searched; None for no compartment.
        narrow: What else narrows the matches; None for nothing.
        linked: What is always included.
        most: Matches on a page; a larger `_count` is cut to it.
    """

    resource_type: str
    parameters: Parameters
    caller: Caller | None = None
    limits: tuple[Limit, ...] | None = None
    lenient: bool = False
    within: tuple[str, str] | None = None
    narrow: Narrowing | None = None
    linked: tuple[Inclusion, ...] = ()
    most: int = MOST


@dataclass(slots=True)
class Page:
    """One page of an answer.

    Attributes:
        rows: The matches, in order.
        included: What was wanted with them, each once, none of them a match.
        applied: The parameters that were applied, as the caller gave them.
        controls: The shape of the answer.
        next: Cursor of the page after this one; None on the last.
        total: Number of matches; None when it was not asked for.
        warnings: What was left out of a lenient search.
        named: `Type/pseudonym` to the `Type/id` that the caller named.
    """

    rows: list[StoredResource]
    applied: list[tuple[str, str]]
    controls: Controls
    named: dict[str, str]
    included: list[StoredResource] = field(default_factory=list)
    next: str | None = None
    total: int | None = None
    warnings: list[Issue] = field(default_factory=list)

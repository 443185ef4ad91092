"""What taking something in works with, and who sends it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from sqlalchemy import Connection

from fhir_api.access.caller import Caller, Limit, anyone
from fhir_api.bundles.identity import Naming
from fhir_api.store.repository import ResourceStore
from fhir_api.validation.validator import Validator
from privacy.deidentify import Deidentifier
from privacy.keys import SiteKeys

Answer = Literal["nothing", "minimal", "representation", "OperationOutcome"]
Parameters = Sequence[tuple[str, str]]


class Searching(Protocol):
    """What is asked of the search inside the transaction of a write; ids are pseudonyms."""

    def matching_ids(
        self,
        connection: Connection,
        asked: Sequence[tuple[str, str, tuple[Limit, ...]]],
        limit: int = 2,
    ) -> list[list[str]]:
        """For each type and query, some of the matches inside the limits; one statement."""

    def permitted(
        self,
        connection: Connection,
        resource_type: str,
        ids: Collection[str],
        limits: Sequence[Limit],
    ) -> set[str]:
        """Those of the resources that lie inside one of the limits."""

    def run(
        self,
        connection: Connection | None,
        resource_type: str,
        parameters: Parameters,
        limits: tuple[Limit, ...] | None = None,
        *,
        caller: Caller | None = None,
        lenient: bool = False,
    ) -> Any:
        """One page of a search."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, and what is to be told of each entry.

    Attributes:
        caller: What is allowed.
        answer: `nothing` (for files), or as `Prefer: return=` has it.
    """

    caller: Caller = field(default_factory=anyone)
    answer: Answer = "nothing"


@dataclass(frozen=True, slots=True)
class Parts:
    """What every attempt to take something in works with.

    Attributes:
        store: Of the site.
        deidentifier: The one way to what may be stored.
        validator: Of R4 resources.
        keys: Of the site.
        naming: Whose ids the resources of a POST get.
        search: Answers criteria other than one identifier; None where there is no search.
    """

    store: ResourceStore
    deidentifier: Deidentifier
    validator: Validator
    keys: SiteKeys
    naming: Naming = "server"
    search: Searching | None = None

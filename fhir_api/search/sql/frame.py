"""What every part of one search shares."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple, Self

from fhir_api.access.caller import Caller, Limit
from fhir_api.errors import Forbidden
from fhir_api.search.index.lanes import lane
from fhir_api.search.query.names import Names
from fhir_api.search.r4.definitions import SearchParameter
from fhir_api.search.r4.offer import Offer
from fhir_api.search.sql.bound import Bound
from privacy.keys import SiteKeys

Shifts = Callable[[str], Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Frame:
    """What every part of one search shares.

    Attributes:
        keys: Of the site.
        offer: What can be searched for.
        names: Translates ids and identifiers that the caller names.
        now: For `ap`, whose width grows with the distance in time.
        caller: Whose limits hold in chains and includes; None for the server itself.
        shifts: Days that each patient named by the search was moved by, for the parameter that
            asks; raises DateNeedsPatient when none is named.
        bound: Values bound to the statement.
    """

    keys: SiteKeys
    offer: Offer
    names: Names
    now: datetime
    caller: Caller | None
    shifts: Shifts
    bound: Bound = field(default_factory=Bound)

    def afresh(self) -> Self:
        """The same for another statement, to which nothing is bound yet."""
        return replace(self, bound=Bound())

    def lane(self, resource_type: str, parameter: str) -> str:
        """The lane of a parameter, bound."""
        return self.bound.value(lane(self.keys.site, resource_type, parameter))

    def lanes(self, resource_type: str, parameters: Iterable[str]) -> str:
        """The lanes of several parameters, bound."""
        site = self.keys.site
        return self.bound.numbers([lane(site, resource_type, each) for each in parameters])

    def limits(self, resource_type: str) -> tuple[Limit, ...]:
        """Limits of the caller on searches of a type; raises Forbidden."""
        return self.caller.limits("search", resource_type) if self.caller is not None else ()

    def may_search(self, resource_type: str) -> bool:
        """Whether the caller may search a type at all."""
        try:
            self.limits(resource_type)
        except Forbidden:
            return False
        return True


class Place(NamedTuple):
    """A resource in a statement: its type, empty for any, and the alias of its head."""

    resource_type: str
    head: str

    @property
    def inner(self) -> str:
        """An alias for the heads of a statement inside."""
        return f"h{int(self.head[1:]) + 1}"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in a statement a value is compared.

    Attributes:
        head: Alias of the resource's head.
        alias: Alias of its search value.
        resource_type: Type of the resource.
        parameter: What is compared.
        given: The parameter as the caller wrote it.
    """

    head: str
    alias: str
    resource_type: str
    parameter: SearchParameter
    given: str

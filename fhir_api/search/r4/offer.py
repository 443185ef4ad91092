"""What can be searched for at this site: R4's parameters less those that the policy leaves empty.

The CapabilityStatement, the refusal of an unknown parameter and the search itself ask here, so that
what is advertised is what is served.
"""

from collections.abc import Mapping
from functools import cache

from fhir_api.errors import InvalidRequest, UnknownParameter, place_of, shown_name
from fhir_api.search.r4.definitions import SearchParameter, parameters, served
from fhir_api.search.r4.sources import IDENTIFIER, sources
from fhir_api.validation.elements import resource_types
from privacy.compartment import PATHS, PATIENT
from privacy.policy import Policy

ONLY_PATIENTS = "resolve() is Patient"
ANY_TYPE = ""  # searched across types
COLUMNS = ("_id", "_lastUpdated")  # of the heads, and not of the index
BIRTH_YEAR = "birth-year"


class Offer:
    """The search parameters of one site.

    Args:
        policy: What is kept of each element.
    """

    def __init__(self, policy: Policy) -> None:
        self.served = served(policy)
        decided = policy.decisions.items()
        self.birth_years = frozenset(path for path, action in decided if action == BIRTH_YEAR)

    def parameters(self, resource_type: str) -> Mapping[str, SearchParameter]:
        """The parameters of a type by name; across types those that are no values of the index."""
        if resource_type == ANY_TYPE:
            known = self.served[PATIENT]
            return {name: known[name] for name in COLUMNS}
        return self.served.get(resource_type, {})

    def parameter(self, resource_type: str, name: str, given: str) -> SearchParameter:
        """One parameter; raises UnknownParameter (400) with those there are."""
        known = self.parameters(resource_type)
        if name not in known:
            raise UnknownParameter(given, sorted(known))
        return known[name]

    def reference(self, resource_type: str, name: str, given: str) -> SearchParameter:
        """One parameter whose values point at resources; raises InvalidRequest for others."""
        parameter = self.parameter(resource_type, name, given)
        if parameter.kind != "reference":
            message = f"{shown_name(given)} goes on from a parameter that is no reference."
            raise InvalidRequest(message, place_of(given))
        return parameter

    def half(self, resource_type: str, name: str) -> SearchParameter:
        """The parameter that says how one part of a composite is compared, served or not."""
        return parameters(resource_type)[name]

    def references(self, resource_type: str) -> list[SearchParameter]:
        """The parameters of a type whose values point at resources."""
        known = self.parameters(resource_type).values()
        return [each for each in known if each.kind == "reference"]

    def includes(self, resource_type: str) -> list[str]:
        """What `_include` may name when the type is searched."""
        return [f"{resource_type}:{each.name}" for each in self.references(resource_type)]

    def reverse_includes(self, resource_type: str) -> list[str]:
        """What `_revinclude` may name when the type is searched."""
        return [
            f"{source}:{each.name}"
            for source in sorted(self.served)
            for each in self.references(source)
            if resource_type in targets_of(each)
        ]

    def only_years(self, resource_type: str, parameter: SearchParameter) -> bool:
        """Whether years are all that is stored of a date."""
        return not is_moved(resource_type) or parameter.expression in self.birth_years


def targets_of(parameter: SearchParameter) -> tuple[str, ...]:
    """The types that a reference may point at; one meant for patients points at nothing else."""
    if ONLY_PATIENTS in parameter.expression or parameter.name == "patient":
        return (PATIENT,)
    return parameter.targets


@cache
def is_keyed(resource_type: str, name: str) -> bool:
    """Whether values of a parameter are identifiers, stored as keyed tokens."""
    return any(
        way.data_type == IDENTIFIER
        for each in sources(resource_type)
        if each.parameter.name == name
        for way in each.ways
    )


def is_moved(resource_type: str) -> bool:
    """Whether dates of the type are moved with its patient's; those of others are years."""
    return resource_type == PATIENT or resource_type in PATHS


def known_types(names: str) -> list[str]:
    """The types of a list such as `Patient,Observation`; raises InvalidRequest."""
    given = [each for each in names.split(",") if each]
    if not given or not resource_types().issuperset(given):
        raise InvalidRequest("_type must name resource types of R4.", "http._type")
    return list(dict.fromkeys(given))

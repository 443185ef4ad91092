"""Types that belong to no patient, and where patients' records refer to them.

An export of patients holds the practitioners, organizations, places and medicines that their
records name: without them the records could not be read.
https://hl7.org/fhir/uv/bulkdata/STU2/export.html#endpoint---all-patients
"""

from functools import cache

from fhir_api.search.index.lanes import lane
from fhir_api.search.r4.definitions import compartment, parameters
from fhir_api.validation.elements import resource_types

PATIENT = "Patient"


@cache
def is_shared(resource_type: str) -> bool:
    """Whether resources of a type are in no patient's compartment."""
    return resource_type != PATIENT and resource_type not in compartment(PATIENT)


@cache
def lanes_to(site: str, resource_type: str) -> tuple[int, ...]:
    """Where the index of searches keeps references to a type."""
    return tuple(
        lane(site, kind, name)
        for kind in sorted(resource_types())
        for name, parameter in parameters(kind).items()
        if parameter.kind == "reference" and resource_type in parameter.targets
    )

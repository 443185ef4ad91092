"""The modifiers of each kind of parameter, and why others are not served.

https://hl7.org/fhir/R4/search.html#modifiers
"""

from collections.abc import Mapping
from types import MappingProxyType

from fhir_api.errors import UnknownModifier
from fhir_api.search.r4.definitions import SearchParameter
from fhir_api.validation.elements import resource_types

MISSING = "missing"
NOT = "not"
SERVED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "token": (MISSING, NOT),
        "string": (MISSING, "exact", "contains"),
        "reference": (MISSING, "identifier"),
        "uri": (MISSING, "above", "below"),
        "date": (MISSING,),
        "number": (MISSING,),
        "quantity": (MISSING,),
        "composite": (),
        "special": (),
    }
)
NO_TERMINOLOGY = "it needs a terminology server, and there is none here; name the codes"
WHY: Mapping[str, str] = MappingProxyType(
    {
        "text": "texts beside codes are not stored, since they may name a patient",
        "in": NO_TERMINOLOGY,
        "not-in": NO_TERMINOLOGY,
        "above": NO_TERMINOLOGY,
        "below": NO_TERMINOLOGY,
        "of-type": "identifiers are stored sealed, whole; search by system|value",
    }
)


def demand_served(parameter: SearchParameter, modifier: str, given: str) -> None:
    """Raise UnknownModifier (400) for a modifier that the parameter does not have here."""
    if not modifier or modifier in SERVED[parameter.kind]:
        return
    if parameter.kind == "reference" and modifier in resource_types():
        return
    served = ", ".join(f":{each}" for each in SERVED[parameter.kind]) or "none"
    if parameter.kind == "reference":
        served += ", :[type]"
    why = WHY.get(modifier, "there is no such modifier for its kind")
    raise UnknownModifier(given, f"{why}. Served for {parameter.kind}: {served}")

"""Data types of HL7 v2 as those of FHIR R4: CX, XPN, XAD, XTN, CWE, PL's parts.

https://hl7.org/fhir/uv/v2mappings/datatype_maps.html
"""

from typing import Any

from fhir_api.hl7v2.conversion.identity import Naming
from fhir_api.hl7v2.wire.message import Segment, Value

ADDRESS_USES = {"H": "home", "B": "work", "O": "work", "C": "temp", "BA": "old", "BI": "billing"}
NAME_USES = {"L": "official", "D": "usual", "N": "nickname", "M": "maiden", "S": "anonymous"}
TELECOM_USES = {"PRN": "home", "ORN": "home", "WPN": "work", "VHN": "home"}
TELECOM_SYSTEMS = {"PH": "phone", "CP": "phone", "FX": "fax", "BP": "pager", "Internet": "email"}
Json = dict[str, Any]


def filled(**elements: Any) -> Json:
    """An element of those that have something in them."""
    return {name: value for name, value in elements.items() if value not in (None, "", [], {})}


def identifier(number: Value, naming: Naming) -> Json:
    """An Identifier of a CX."""
    return filled(
        type=naming.vocabulary.concept("0203", number.part(5)),
        system=naming.system_of(number),
        value=number.part(),
    )


def human_name(name: Value) -> Json:
    """A HumanName of an XPN."""
    return filled(
        use=NAME_USES.get(name.part(7)),
        family=name.part(1),
        given=[part for part in (name.part(2), name.part(3)) if part],
        prefix=[name.part(5)] if name.part(5) else [],
        suffix=[part for part in (name.part(4), name.part(6)) if part],
    )


def staff_name(person: Value) -> Json:
    """A HumanName of an XCN, whose name begins one component later."""
    return filled(
        family=person.part(2),
        given=[part for part in (person.part(3), person.part(4)) if part],
        prefix=[person.part(6)] if person.part(6) else [],
        suffix=[part for part in (person.part(5), person.part(7)) if part],
    )


def address(given: Value) -> Json:
    """An Address of an XAD."""
    street = given.component(1)
    lines = [street.part(1), street.part(2), street.part(3), given.part(2)]
    return filled(
        use=ADDRESS_USES.get(given.part(7)),
        type="postal" if given.part(7) == "M" else None,
        line=[line for line in lines if line],
        city=given.part(3),
        district=given.part(9),
        state=given.part(4),
        postalCode=given.part(5),
        country=given.part(6),
    )


def contact_point(given: Value) -> Json:
    """A ContactPoint of an XTN: the number as written, as put together, or the e-mail address."""
    kind = given.part(3)
    number = "".join(given.part(part) for part in (5, 6, 7))
    value = given.part(4) if kind == "Internet" else given.part(12) or given.part(1) or number
    if not value:
        return {}
    system = TELECOM_SYSTEMS.get(kind, "other") if kind else "phone"  # TN of old is a telephone
    return filled(system=system, value=value, use=TELECOM_USES.get(given.part(2)))


def concept(given: Value, naming: Naming) -> Json:
    """A CodeableConcept of a CWE: its codings of known systems, and the words.

    A code of a system that is not in the tables is left out: nobody could say what it means.
    """
    codings = [
        filled(system=system, code=given.part(code), display=given.part(code + 1))
        for code in (1, 4)
        if given.part(code)
        and (system := naming.vocabulary.coding_system(given.part(code + 2))) is not None
    ]
    words = given.part(9) or given.part(2) or given.part(5)
    return filled(coding=codings, text=words)


def several(segment: Segment, field: int, make: Any) -> list[Json]:
    """What `make` makes of each repetition of a field, without those that come to nothing."""
    made = (make(value) for value in segment.values(field))
    return [each for each in made if each]

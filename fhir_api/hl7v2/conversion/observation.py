"""Observation from OBX, its value by the type that OBX-2 names.

https://hl7.org/fhir/uv/v2mappings/ (OBX[Observation])
"""

import re
from decimal import Decimal

from fhir_api.hl7v2.conversion.assembly import Assembly, Json
from fhir_api.hl7v2.conversion.clinical import told_apart, whose
from fhir_api.hl7v2.conversion.datatypes import concept, filled
from fhir_api.hl7v2.conversion.times import fhir_time
from fhir_api.hl7v2.wire.message import Message, Segment, Value

NUMBER = re.compile(r"[+]?(-?[0-9]{1,18}(\.[0-9]{1,18})?)")
CODED = frozenset({"CE", "CWE", "CNE", "CF"})
TIMES = frozenset({"DT", "TS", "DTM"})
COMPARATORS = frozenset({"<", "<=", ">=", ">"})


def observations(message: Message, assembly: Assembly) -> None:
    """An Observation for each OBX that says what was observed."""
    for obx in message.all("OBX"):
        made = observation(obx, assembly)
        if made is not None:
            assembly.add(made)


def observation(obx: Segment, assembly: Assembly) -> Json | None:
    """The Observation of an OBX; several values are its components."""
    code = concept(obx.value(3), assembly.naming) or filled(text=obx.text(3))
    if not code:
        return None
    tables, moment = assembly.vocabulary, assembly.clock.moment(obx, 14)
    told = [value_of(value, obx, assembly) for value in obx.values(5)]
    single = told[0] if len(told) == 1 else {}
    parts = (*whose(assembly), *told_apart(code), obx.text(4), moment or "")
    meanings = [tables.concept("0078", value.part()) for value in obx.values(8)]
    return filled(
        resourceType="Observation",
        id=assembly.naming.id_of("Observation", *parts),
        status=tables.code("0085", obx.text(11) or "-"),
        code=code,
        subject=assembly.subject,
        encounter=assembly.encounter,
        effectiveDateTime=moment,
        interpretation=[each for each in meanings if each],
        component=[{"code": code} | value for value in told] if len(told) > 1 else [],
        **single,
    )


def value_of(value: Value, obx: Segment, assembly: Assembly) -> Json:
    """value[x] of one repetition of OBX-5; words where it is nothing better."""
    kind = obx.text(2)
    if kind == "NM" and (number := number_of(value.part())) is not None:
        return {"valueQuantity": filled(value=number, **unit_of(obx, assembly))}
    if kind == "SN" and (number := number_of(value.part(2))) is not None and not value.part(3):
        sign = value.part(1) if value.part(1) in COMPARATORS else None
        return {"valueQuantity": filled(value=number, comparator=sign, **unit_of(obx, assembly))}
    if kind in CODED and (code := concept(value, assembly.naming)):
        return {"valueCodeableConcept": code}
    if kind in TIMES and value.part():
        return {"valueDateTime": fhir_time(value.part(), assembly.clock.zone, obx, 5)}
    return {"valueString": value.text()} if value.text() else {}


def number_of(text: str) -> Decimal | None:
    """A number as written; None for what is none."""
    found = NUMBER.fullmatch(text)
    return Decimal(found[1]) if found else None


def unit_of(obx: Segment, assembly: Assembly) -> Json:
    """The unit of OBX-6; its code too when the coding system is UCUM."""
    system = assembly.vocabulary.coding_system(obx.text(6, 3))
    coded = {"system": system, "code": obx.text(6)} if system else {}
    return filled(unit=obx.text(6), **coded)

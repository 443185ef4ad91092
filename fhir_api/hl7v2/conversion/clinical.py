"""Condition from DG1, AllergyIntolerance from AL1, Procedure from PR1.

https://hl7.org/fhir/uv/v2mappings/ (DG1[Condition], AL1[AllergyIntolerance], PR1[Procedure])
"""

from fhir_api.hl7v2.conversion.assembly import Assembly, Json
from fhir_api.hl7v2.conversion.datatypes import concept, filled
from fhir_api.hl7v2.conversion.draft import Draft
from fhir_api.hl7v2.conversion.encounter import add_diagnosis
from fhir_api.hl7v2.conversion.people import practitioner
from fhir_api.hl7v2.wire.message import Message, Segment

CONDITION_CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"
ALLERGY_STATUS = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
DELETED = "D"


def diagnoses(message: Message, visit: Draft | None, assembly: Assembly) -> None:
    """A Condition for each DG1, joined to the visit; DG1-21 `D` takes one back."""
    for dg1 in message.all("DG1"):
        made = condition(dg1, assembly)
        if made is None:
            continue
        if dg1.text(21) == DELETED:
            assembly.deletions.add(("Condition", made["id"]))
            if visit is not None:
                visit.deleted.add(f"diagnosis|Condition/{made['id']}")
            continue
        reference = assembly.add(made)
        if visit is not None:
            add_diagnosis(visit, reference, dg1, assembly)


def condition(dg1: Segment, assembly: Assembly) -> Json | None:
    """The Condition of a DG1; None when it names none. One code is one Condition of a visit."""
    code = coded_diagnosis(dg1, assembly)
    if not code:
        return None
    asserter = practitioner(dg1.value(16), assembly)
    of_visit = [{"system": CONDITION_CATEGORY, "code": "encounter-diagnosis"}]
    return filled(
        resourceType="Condition",
        id=assembly.naming.id_of("Condition", *whose(assembly), *told_apart(code)),
        category=[{"coding": of_visit}] if assembly.visit else [],
        code=code,
        subject=assembly.subject,
        encounter=assembly.encounter,
        onsetDateTime=assembly.clock.moment(dg1, 5),
        recordedDate=assembly.clock.moment(dg1, 19),
        asserter=asserter,
    )


def coded_diagnosis(dg1: Segment, assembly: Assembly) -> Json:
    """DG1-3, whose coding system older versions give in DG1-2; without a code, DG1-4."""
    code = concept(dg1.value(3), assembly.naming)
    system = assembly.vocabulary.coding_system(dg1.text(2))
    if "coding" not in code and dg1.text(3) and not dg1.text(3, 3) and system:
        coding = filled(system=system, code=dg1.text(3), display=dg1.text(3, 2))
        code = {"coding": [coding]} | code
    return code or filled(text=dg1.text(4) or dg1.text(3))


def whose(assembly: Assembly) -> tuple[str, str]:
    """Patient and visit, as part of an id."""
    return assembly.patient, assembly.visit or ""


def told_apart(code: Json) -> tuple[str, ...]:
    """What tells a code from another: system and code, else the words."""
    if "coding" in code:
        first = code["coding"][0]
        return first["system"], first["code"]
    return ("", code.get("text", ""))


def allergies(message: Message, assembly: Assembly) -> None:
    """An AllergyIntolerance for each AL1."""
    tables = assembly.vocabulary
    for al1 in message.all("AL1"):
        code = concept(al1.value(3), assembly.naming) or filled(text=al1.text(3))
        if not code:
            continue
        category = tables.code("0127", al1.text(2))
        made = filled(
            resourceType="AllergyIntolerance",
            id=assembly.naming.id_of("AllergyIntolerance", assembly.patient, *told_apart(code)),
            clinicalStatus={"coding": [{"system": ALLERGY_STATUS, "code": "active"}]},
            type=tables.code("0127-type", al1.text(2)),
            category=[category] if category else [],
            criticality=tables.code("0128", al1.text(4)),
            code=code,
            patient=assembly.subject,
            reaction=reactions(al1, assembly),
        )
        assembly.add(made)


def reactions(al1: Segment, assembly: Assembly) -> list[Json]:
    """AL1-5 with the onset of AL1-6; a reaction is nothing without a manifestation."""
    shown = [concept(value, assembly.naming) or {"text": value.text()} for value in al1.values(5)]
    onset = assembly.clock.moment(al1, 6)
    coded = [each for each in shown if "coding" in each]  # words alone would leave an empty one
    return [filled(manifestation=coded, onset=onset)] if coded else []


def procedures(message: Message, assembly: Assembly) -> None:
    """A Procedure for each PR1; it has been done when it is told (v2.8, 6.5.4)."""
    for pr1 in message.all("PR1"):
        code = concept(pr1.value(3), assembly.naming) or filled(text=pr1.text(4))
        if not code:
            continue
        surgeon = practitioner(pr1.value(11), assembly)
        number = pr1.text(19) or pr1.text(5)
        parts = (*whose(assembly), *told_apart(code), number)
        made = filled(
            resourceType="Procedure",
            id=assembly.naming.id_of("Procedure", *parts),
            status="completed",
            code=code,
            subject=assembly.subject,
            encounter=assembly.encounter,
            performedDateTime=assembly.clock.moment(pr1, 5),
            performer=[{"actor": surgeon}] if surgeon else [],
        )
        if pr1.text(20) == DELETED:
            assembly.deletions.add(("Procedure", made["id"]))
        else:
            assembly.add(made)

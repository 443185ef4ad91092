"""Which resource a message speaks of: ids made of the identifiers, the same in every message.

The same number of the same assigning authority is the same patient, whichever message and field
order it comes in. A number whose authority is not named is one of the sending facility.
"""

import uuid
from dataclasses import dataclass

from fhir_api.hl7v2.conversion.vocabulary import Vocabulary
from fhir_api.hl7v2.wire.message import Message, Segment, Value
from fhir_api.hl7v2.wire.refusals import MISSING, Place, Refused

NAMESPACE = uuid.UUID("3f1f0c56-5f3e-5d6c-8c5b-686c37763200")
PREFERRED = ("MR", "PI", "PT")
NEVER = frozenset({"SS", "DL", "PPN", "MC", "MA", "NI"})  # numbers of the state or of an insurer


@dataclass(frozen=True, slots=True)
class Naming:
    """How the things of one message are named.

    Attributes:
        vocabulary: For systems of identifiers.
        facility: MSH-4 and, without one, MSH-3: the scope of numbers without an authority.
    """

    vocabulary: Vocabulary
    facility: str

    def id_of(self, resource_type: str, *parts: str) -> str:
        """The id of a resource that these parts tell from all others of its type."""
        return str(uuid.uuid5(NAMESPACE, "\0".join((resource_type, *parts))))

    def system_of(self, number: Value, authority: int = 4, kind: int = 5) -> str | None:
        """The system of a CX or XCN: its authority's, or the one that its type stands for."""
        hd = number.component(authority)
        named = self.vocabulary.authority(hd.part(1), hd.part(2), hd.part(3))
        return named or self.vocabulary.identifier_types.get(number.part(kind))

    def scope_of(self, number: Value, authority: int = 4, kind: int = 5) -> str:
        """What a number is unique in."""
        return self.system_of(number, authority, kind) or f"facility {self.facility}"

    def patient(self, numbers: list[Value], place: Place) -> str:
        """The id of the patient that has these numbers; raises Refused when there is none."""
        usable = [number for number in numbers if number.part() and number.part(5) not in NEVER]
        if not usable:
            raise Refused(MISSING, place, "a patient identifier that is no national one is needed.")
        best = min(usable, key=preference)
        return self.id_of("Patient", self.scope_of(best), best.part())

    def visit(self, patient: str, pid: Segment, pv1: Segment) -> str:
        """The id of a visit: by visit number, alternate visit id, account, or time of admission.

        Raises:
            Refused: The message gives none of them.
        """
        for number in (pv1.value(19), pv1.value(50), pid.value(18)):
            if number.part():
                return self.id_of("Encounter", self.scope_of(number), number.part())
        if pv1.text(44):
            return self.id_of("Encounter", patient, pv1.text(44))
        message = "a visit number is needed, in PV1-19, PV1-50 or PID-18, or a time in PV1-44."
        raise Refused(MISSING, pv1.place(19), message)


def naming_of(message: Message, vocabulary: Vocabulary) -> Naming:
    """The naming of a message."""
    msh = message.header
    return Naming(vocabulary, msh.text(4) or msh.text(3))


def preference(number: Value) -> int:
    """Medical record numbers before others; among equals the first that is sent."""
    kind = number.part(5)
    return PREFERRED.index(kind) if kind in PREFERRED else len(PREFERRED)


def patient_numbers(pid: Segment) -> list[Value]:
    """PID-3, or PID-2 where version 2.1 and 2.2 senders put the number."""
    return pid.values(3) or pid.values(2)

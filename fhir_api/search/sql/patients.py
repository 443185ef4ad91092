"""The patients that a search names, whose dates it may therefore ask for.

Dates are stored moved, each patient's by a number of days that the pseudonym and the key give. A
search by date is answered for patients it names: by the parameter that says whose the resource is
(`patient`, `subject`, …), by `_id` or `identifier` of a Patient, by `patient.identifier`, by the
compartment searched, or by the caller's own limits. docs/decisions/0003
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fhir_api.access.caller import Limit
from fhir_api.errors import DateNeedsPatient, InvalidRequest
from fhir_api.search.query.asked import Chain, Condition, Criterion
from fhir_api.search.query.names import Names
from fhir_api.search.query.values import plain
from fhir_api.search.r4.definitions import SearchParameter
from fhir_api.search.r4.offer import Offer, targets_of
from fhir_api.search.sql.comparing import coded
from fhir_api.search.sql.question import Question
from privacy.compartment import PATHS, PATIENT
from privacy.dates import shift_days
from privacy.pseudonyms import pseudonym

MOST_PATIENTS = 100
Carriers = Callable[[Collection[str]], Collection[str]]  # patients with one of some tokens


@dataclass(slots=True)
class NamedPatients:
    """The patients that one search names.

    Attributes:
        names: Translates what the caller names.
        offer: What can be searched for.
        question: The search as it was asked.
        asked: Its conditions.
        carriers: Finds the patients that carry identifiers.
        known: Days that each was moved by, once asked.
        tokens: Identifiers of patients that it names.
    """

    names: Names
    offer: Offer
    question: Question
    asked: Sequence[Condition]
    carriers: Carriers
    known: dict[str, int] | None = None
    tokens: list[str] = field(default_factory=list)

    def shifts(self, given: str) -> Mapping[str, int]:
        """Days that each patient named was moved by; raises DateNeedsPatient when none is."""
        if self.known is None:
            named = {each for asked in self.asked for each in self.named_by(asked)}
            if self.question.within is not None and self.question.within[0] == PATIENT:
                named.add(self.names.stored_id(*self.question.within))
            if self.tokens:
                named |= set(self.carriers(self.tokens))
            elif not named:
                named = self.limited_to(given)
            self.known = {each: shift_days(each, self.names.keys) for each in sorted(named)}
        if len(self.known) > MOST_PATIENTS:
            raise InvalidRequest(f"A search by date may name at most {MOST_PATIENTS} patients.")
        return self.known

    def limited_to(self, given: str) -> set[str]:
        """The patients that the caller is limited to; raises DateNeedsPatient for none."""
        patients = [each.patient for each in limits_on(self.question)]
        if not patients or None in patients:
            raise DateNeedsPatient(given)
        return {pseudonym(self.names.keys, PATIENT, each) for each in patients if each is not None}

    def named_by(self, asked: Condition) -> Iterator[str]:
        """Pseudonyms that a condition names; what must be looked up goes to `tokens`."""
        if isinstance(asked, Criterion):
            if self.question.resource_type == PATIENT:
                yield from self.by_own(asked)
            elif self.says_whose(asked.name) and asked.modifier in {"", PATIENT}:
                yield from self.by_reference(asked)
        elif isinstance(asked, Chain) and self.goes_to_patient(asked):
            yield from self.by_own(asked.inner)

    def by_own(self, asked: Condition) -> Iterator[str]:
        """Patients named by their own id or identifier."""
        if not isinstance(asked, Criterion) or asked.modifier:
            return
        if asked.name == "_id":
            yield from (self.names.stored_id(PATIENT, plain(each)) for each in asked.values)
        elif asked.name == "identifier":
            for system, value in map(coded, asked.values):
                self.tokens += self.names.identifiers(system, value)

    def by_reference(self, asked: Criterion) -> Iterator[str]:
        """Patients named by a reference."""
        for value in asked.values:
            for stored in self.names.references(plain(value), (PATIENT,)):
                kind, _, id_ = stored.partition("/")
                if kind == PATIENT:
                    yield id_

    def goes_to_patient(self, asked: Chain) -> bool:
        """Whether a chain goes on to the patient whose the resource is."""
        return self.says_whose(asked.name) and asked.target in {"", PATIENT}

    def says_whose(self, name: str) -> bool:
        """Whether a parameter says whose records the resource belongs to."""
        parameter = self.offer.parameters(self.question.resource_type).get(name)
        return parameter is not None and says_whose(self.question.resource_type, parameter)


def limits_on(question: Question) -> Sequence[Limit]:
    """The limits on the type that is searched."""
    if question.limits is not None or question.caller is None:
        return question.limits or ()
    return question.caller.limits("search", question.resource_type)


def says_whose(resource_type: str, parameter: SearchParameter) -> bool:
    """Whether a parameter says whose records a resource of the type belongs to."""
    path = f"{resource_type}.{PATHS.get(resource_type, '?')}"
    return PATIENT in targets_of(parameter) and (
        parameter.name in {"patient", "subject"} or parameter.expression.startswith(path)
    )

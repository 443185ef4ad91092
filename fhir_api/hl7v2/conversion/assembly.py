"""The resources that one message comes to, each once, and what all converters need to make them."""

from dataclasses import dataclass, field
from typing import Any

from fhir_api.hl7v2.conversion.identity import Naming
from fhir_api.hl7v2.conversion.times import Clock
from fhir_api.hl7v2.conversion.vocabulary import Vocabulary

Json = dict[str, Any]
Key = tuple[str, str]  # resource type, id
PATIENT, ENCOUNTER = "Patient", "Encounter"
OF_PATIENT = frozenset({"AllergyIntolerance", "Coverage", "RelatedPerson"})
OF_VISIT = frozenset({"Condition", "Observation", "Procedure"})


@dataclass(slots=True)
class Assembly:
    """Resources by type and id, in the order they were made.

    Attributes:
        naming: Ids and systems.
        clock: Times.
        patient: Id of the patient the message is about.
        visit: Id of the visit, or None.
        resources: Made so far.
        deletions: Resources that the message takes back.
    """

    naming: Naming
    clock: Clock
    patient: str
    visit: str | None
    resources: dict[Key, Json] = field(default_factory=dict)
    deletions: set[Key] = field(default_factory=set)

    @property
    def vocabulary(self) -> Vocabulary:
        """The tables of the site."""
        return self.naming.vocabulary

    @property
    def subject(self) -> Json:
        """A reference to the patient."""
        return {"reference": f"{PATIENT}/{self.patient}"}

    @property
    def encounter(self) -> Json | None:
        """A reference to the visit, or None."""
        return {"reference": f"{ENCOUNTER}/{self.visit}"} if self.visit else None

    def add(self, resource: Json) -> Json:
        """Take a resource in and give a reference to it; a later one of the same id replaces."""
        key = (resource["resourceType"], resource["id"])
        self.resources[key] = resource
        return {"reference": "/".join(key)}

    def bundle(self) -> Json:
        """A transaction that stores what was made and deletes what was taken back."""
        puts = [
            {"request": {"method": "PUT", "url": "/".join(key)}, "resource": resource}
            for key, resource in self.resources.items()
        ]
        gone = [
            {"request": {"method": "DELETE", "url": "/".join(key)}}
            for key in sorted(self.deletions - set(self.resources))
        ]
        return {"resourceType": "Bundle", "type": "transaction", "entry": puts + gone}

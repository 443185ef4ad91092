"""What the listener refuses, and how each refusal is told to the sender.

    Refusal (FhirError)
    ├── Rejected    AR, CR   cannot be read, or is not for us; nothing was stored
    └── Refused     AE, CE   read and not acceptable; kept sealed as a dead letter

Codes are those of HL7 table 0357 (https://terminology.hl7.org/CodeSystem-v2-0357.html). A message
names the place and never the value found there.
"""

from typing import ClassVar, NamedTuple

from fhir_api.errors import FhirError

SEQUENCE, MISSING, WRONG_TYPE, NOT_IN_TABLE, TOO_LONG = 100, 101, 102, 103, 104
OTHER_TYPE, OTHER_EVENT, OTHER_PROCESSING, OTHER_VERSION = 200, 201, 202, 203
LOCKED, INTERNAL = 206, 207


class Place(NamedTuple):
    """Where in a message: `PID-3` of the first PID is `Place("PID", 3)`."""

    segment: str
    field: int = 0
    sequence: int = 1

    def __str__(self) -> str:
        named = f"{self.segment}-{self.field}" if self.field else self.segment
        return named if self.sequence == 1 else f"{named} of {self.segment} {self.sequence}"


class Refusal(FhirError):
    """A message that is not taken in.

    Attributes:
        answer: MSA-1 in original mode, AR or AE.
        code: Of HL7 table 0357.
        place: What is wrong.
    """

    answer: ClassVar[str]

    def __init__(self, code: int, place: Place, message: str) -> None:
        super().__init__(f"{place}: {message}", str(place))
        self.code = code
        self.place = place


class Rejected(Refusal):
    """It cannot be read, is not for us, or cannot be stored just now: nothing of it was kept."""

    answer = "AR"


class Refused(Refusal):
    """It can be read and not be accepted; it is kept, sealed, to be replayed after mending."""

    answer = "AE"

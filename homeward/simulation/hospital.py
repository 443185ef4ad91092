"""The hospital itself: two hospitals, a practice, those who work there and the wards."""

from dataclasses import dataclass
from random import Random

from homeward.simulation.chance import fresh_id, one_of, stream
from homeward.simulation.people import Address, Gender, Name, a_name

NPI_SYSTEM = "http://hl7.org/fhir/sid/us-npi"
PRACTITIONERS = 28
WARDS = (
    "Medical ward",
    "Surgical ward",
    "Cardiac ward",
    "Emergency department",
    "Outpatient clinic",
)
SPECIALTIES = {
    "207R00000X": "Internal Medicine Physician",
    "208M00000X": "Hospitalist Physician",
    "207RC0000X": "Cardiovascular Disease Physician",
    "207Q00000X": "Family Medicine Physician",
    "163W00000X": "Registered Nurse",
}
"""NUCC provider taxonomy."""

OWN, SECOND, PRACTICE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation with its National Provider Identifier."""

    id: str
    npi: str
    name: str
    phone: str
    address: Address


@dataclass(frozen=True, slots=True)
class Clinician:
    """Someone who works at the place with index `place`; `specialty` is a NUCC code."""

    id: str
    role_id: str
    npi: str
    name: Name
    gender: Gender
    specialty: str
    place: int

    @property
    def is_nurse(self) -> bool:
        """True of registered nurses."""
        return self.specialty == "163W00000X"


@dataclass(frozen=True, slots=True)
class Ward:
    """A part of the place with index `place`."""

    id: str
    name: str
    place: int


@dataclass(frozen=True, slots=True)
class Hospital:
    """Everything that is there before the first patient comes."""

    places: tuple[Place, ...]
    clinicians: tuple[Clinician, ...]
    wards: tuple[Ward, ...]

    def doctor(self, rng: Random, place: int) -> Clinician:
        """A physician of that place."""
        return one_of(rng, [c for c in self.clinicians if c.place == place and not c.is_nurse])

    def nurse(self, rng: Random, place: int) -> Clinician:
        """A nurse of that place."""
        return one_of(rng, [c for c in self.clinicians if c.place == place and c.is_nurse])

    def ward(self, place: int, name: str) -> Ward:
        """The ward of that name."""
        return next(w for w in self.wards if w.place == place and w.name == name)


def hospital(seed: int) -> Hospital:
    """The hospital of a seed."""
    rng = stream(seed, -1, "hospital")
    places = (
        Place(fresh_id(rng), npi(rng), "Mercy Valley Hospital", "(603) 555-0100",
              Address("1 Hospital Drive", "Lebanon", "NH", "03766")),
        Place(fresh_id(rng), npi(rng), "Saint Brendan Regional Medical Center", "(802) 555-0150",
              Address("240 Ridge Road", "White River Junction", "VT", "05001")),
        Place(fresh_id(rng), npi(rng), "Upper Valley Family Practice", "(603) 555-0170",
              Address("18 Park Street", "Hanover", "NH", "03755")),
    )  # fmt: skip
    clinicians = tuple(clinician(rng, number) for number in range(PRACTITIONERS))
    wards = tuple(Ward(fresh_id(rng), name, place) for place in (OWN, SECOND) for name in WARDS)
    return Hospital(places, clinicians, wards)


def clinician(rng: Random, number: int) -> Clinician:
    """One who works there; places and professions take turns so that each place has both."""
    gender: Gender = one_of(rng, ("female", "male"))
    specialties = list(SPECIALTIES)
    return Clinician(
        id=fresh_id(rng),
        role_id=fresh_id(rng),
        npi=npi(rng),
        name=a_name(rng, gender),
        gender=gender,
        specialty=specialties[(number // 3) % len(specialties)],
        place=number % 3,
    )


def npi(rng: Random) -> str:
    """A National Provider Identifier with a valid check digit (45 CFR 162.406; Luhn with 80840)."""
    nine = f"1{rng.randrange(10**8):08d}"
    return nine + check_digit("80840" + nine)


def check_digit(digits: str) -> str:
    """The Luhn check digit of a string of digits.

    >>> check_digit("80840123456789")
    '3'
    """
    doubled = [int(d) * (2 if place % 2 == 0 else 1) for place, d in enumerate(reversed(digits))]
    return str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)

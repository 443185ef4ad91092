"""Who a patient is: name, birth, home, numbers, and the relative to call. All of it invented."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any, Literal

from homeward.simulation.chance import fresh_id, happens, one_of, pick
from homeward.simulation.tables.read import table

Gender = Literal["female", "male"]

AGE_BANDS = {(0, 17): 5, (18, 44): 15, (45, 64): 29, (65, 79): 31, (80, 89): 15, (90, 101): 5}
"""Ages at the end of the history, years, and how many of a hundred patients are in each band."""

AREA_CODES = ("603", "802")
SPOUSES = {"female": "husband", "male": "wife"}
FEMALE_RELATIONS = frozenset({"daughter", "wife", "sister", "niece"})


@dataclass(frozen=True, slots=True)
class Name:
    """Given names and family name."""

    given: str
    family: str

    @property
    def full(self) -> str:
        """Given names, then the family name."""
        return f"{self.given} {self.family}"


@dataclass(frozen=True, slots=True)
class Address:
    """A street address; `state` is the postal abbreviation."""

    line: str
    city: str
    state: str
    zip_code: str


@dataclass(frozen=True, slots=True)
class Relative:
    """The person to call; `relation` in plain words, such as daughter."""

    name: Name
    relation: str
    phone: str


@dataclass(frozen=True, slots=True)
class Person:
    """One patient as the registration desk knows them."""

    index: int
    id: str
    name: Name
    gender: Gender
    born: date
    home: Address
    phone: str
    email: str
    mrn: str
    ssn: str
    married: bool
    relative: Relative


def person(rng: Random, index: int, until: date) -> Person:
    """A new person, of an age that `AGE_BANDS` says at `until`."""
    gender: Gender = "female" if happens(rng, 0.53) else "male"
    name = a_name(rng, gender)
    married = happens(rng, 0.5)
    return Person(
        index=index,
        id=fresh_id(rng),
        name=name,
        gender=gender,
        born=birth_date(rng, until),
        home=an_address(rng),
        phone=a_phone(rng),
        email=f"{plain(name.given)}.{plain(name.family)}{rng.randrange(100)}@example.org",
        mrn=f"{4_000_000 + index * 37 + rng.randrange(37)}",
        ssn=f"9{rng.randrange(100):02d}-{rng.randint(10, 99)}-{rng.randint(1000, 9999)}",
        married=married,
        relative=a_relative(rng, name, gender, married=married),
    )


def birth_date(rng: Random, until: date) -> date:
    """A day of birth; the age at `until` follows `AGE_BANDS`."""
    low, high = pick(rng, AGE_BANDS)
    years = rng.uniform(low, high + 1)
    return until - timedelta(days=int(years * 365.25))


def a_name(rng: Random, gender: Gender, family: str | None = None) -> Name:
    """A name; the family name is drawn unless it is given."""
    names = table("names")
    return Name(one_of(rng, names[gender]), family or one_of(rng, names["family"]))


def an_address(rng: Random) -> Address:
    """A home in one of the towns the hospital serves."""
    names = table("names")
    town: dict[str, Any] = one_of(rng, names["towns"])
    line = f"{rng.randint(1, 999)} {one_of(rng, names['streets'])}"
    if happens(rng, 0.25):
        line = f"{line}, Apt {rng.randint(1, 40)}"
    return Address(line, town["name"], town["state"], town["zip"])


def a_phone(rng: Random) -> str:
    """A number of the 555-01xx block, which belongs to nobody."""
    return f"({one_of(rng, AREA_CODES)}) 555-01{rng.randrange(100):02d}"


def a_relative(rng: Random, patient: Name, gender: Gender, *, married: bool) -> Relative:
    """A relative, most often of the same family name."""
    relation = SPOUSES[gender] if married else one_of(rng, table("names")["relations"])
    if relation in SPOUSES.values() and not married:
        relation = "sister"
    sex: Gender = "female" if relation in FEMALE_RELATIONS else "male"
    family = patient.family if happens(rng, 0.7) else None
    return Relative(a_name(rng, sex, family), relation, a_phone(rng))


def plain(word: str) -> str:
    """Letters a to z of a name, for an e-mail address.

    >>> plain("O'Brien")
    'obrien'
    """
    return "".join(letter for letter in word.lower() if "a" <= letter <= "z")

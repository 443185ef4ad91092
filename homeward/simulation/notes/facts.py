"""Everything a note may mention about a patient and a stay, each piece with its label."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random

from homeward.simulation.chance import one_of
from homeward.simulation.hospital import PRACTICE, Clinician
from homeward.simulation.labs import labs
from homeward.simulation.notes.formats import DateStyle, date_style, header_name, phone
from homeward.simulation.notes.marked import Fact
from homeward.simulation.stays import Patient, Stay
from homeward.simulation.tables.read import table

PRONOUNS = {
    "female": ("she", "her", "her", "herself"),
    "male": ("he", "him", "his", "himself"),
}
SHORT_LABS = {
    "haemoglobin": "Hgb", "sodium": "Na", "potassium": "K", "creatinine": "Cr",
    "leukocytes": "WBC", "nt_probnp": "NT-proBNP", "lactate": "lactate",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scene:
    """What a note is about and who is near.

    Attributes:
        patient: Whose note.
        stay: Which stay.
        gp: The general practitioner.
    """

    patient: Patient
    stay: Stay
    gp: Clinician


def facts(rng: Random, scene: Scene) -> dict[str, Fact]:
    """All facts of a note; dates and telephone numbers are written in the note's own way."""
    style = date_style(rng)
    return {
        **who(rng, scene, style),
        **words(scene),
        **home(rng, scene),
        **staff(rng, scene),
        **places(rng, scene),
        **days(scene.stay, style),
        **clinic(scene),
    }


def who(rng: Random, scene: Scene, style: DateStyle) -> dict[str, Fact]:
    """The patient's names, numbers and age."""
    person = scene.patient.person
    age = scene.patient.age(scene.stay.ended)
    return {
        "header_name": Fact(header_name(rng, person.name), "NAME"),
        "patient": Fact(person.name.full, "NAME"),
        "first": Fact(person.name.given, "NAME"),
        "last": Fact(person.name.family, "NAME"),
        "mrn": Fact(person.mrn, "ID"),
        "ssn": Fact(person.ssn, "ID"),
        "ssn_end": Fact(person.ssn[-4:], "ID"),
        "account": Fact(f"H{rng.randrange(10**8):08d}", "ID"),
        "dob": Fact(style(person.born), "DATE"),
        "age": Fact(str(age), "AGE90" if age >= 90 else None),
    }


def words(scene: Scene) -> dict[str, Fact]:
    """Pronouns and other harmless words."""
    person = scene.patient.person
    subject, object_, possessive, reflexive = PRONOUNS[person.gender]
    is_child = scene.patient.age(scene.stay.ended) < 18
    nouns = ("girl", "boy") if is_child else ("woman", "man")
    plain = {
        "subject": subject,
        "Subject": subject.capitalize(),
        "object": object_,
        "possessive": possessive,
        "Possessive": possessive.capitalize(),
        "reflexive": reflexive,
        "noun": nouns[person.gender == "male"],
        "title": "Ms." if person.gender == "female" else "Mr.",
        "sex": person.gender[0].upper(),
    }
    return {name: Fact(text) for name, text in plain.items()}


def home(rng: Random, scene: Scene) -> dict[str, Fact]:
    """Where the patient lives, how to reach them, and the relative."""
    person = scene.patient.person
    relative = person.relative
    return {
        "street": Fact(person.home.line, "GEO"),
        "city": Fact(person.home.city, "GEO"),
        "state": Fact(person.home.state),
        "zip": Fact(person.home.zip_code, "GEO"),
        "phone": Fact(phone(rng, person.phone), "CONTACT"),
        "email": Fact(person.email, "CONTACT"),
        "relative": Fact(relative.name.full, "NAME"),
        "relative_first": Fact(relative.name.given, "NAME"),
        "Relative_first": Fact(relative.name.given, "NAME"),
        "relation": Fact(relative.relation),
        "Relation_cap": Fact(relative.relation.capitalize()),
        "relative_phone": Fact(phone(rng, relative.phone), "CONTACT"),
    }


def staff(rng: Random, scene: Scene) -> dict[str, Fact]:
    """Those who looked after the patient."""
    stay = scene.stay
    return {
        "doctor": Fact(stay.doctor.name.full, "PROVIDER"),
        "doctor_last": Fact(stay.doctor.name.family, "PROVIDER"),
        "nurse": Fact(stay.nurse.name.full, "PROVIDER"),
        "gp": Fact(scene.gp.name.full, "PROVIDER"),
        "gp_last": Fact(scene.gp.name.family, "PROVIDER"),
        "npi": Fact(stay.doctor.npi, "ID"),
        "pager": Fact(str(rng.randint(10_000, 99_999)), "CONTACT"),
    }


def places(rng: Random, scene: Scene) -> dict[str, Fact]:
    """Hospitals, practices and firms."""
    names, hospital = table("names"), scene.patient.hospital
    here = hospital.places[scene.stay.place]
    return {
        "hospital": Fact(here.name, "ORG"),
        "hospital_phone": Fact(phone(rng, here.phone), "CONTACT"),
        "practice": Fact(hospital.places[PRACTICE].name, "ORG"),
        "practice_phone": Fact(phone(rng, hospital.places[PRACTICE].phone), "CONTACT"),
        "pharmacy": Fact(one_of(rng, names["pharmacies"]), "ORG"),
        "agency": Fact(one_of(rng, names["agencies"]), "ORG"),
        "facility": Fact(one_of(rng, names["facilities"]), "ORG"),
        "employer": Fact(one_of(rng, names["employers"]), "ORG"),
    }


def days(stay: Stay, style: DateStyle) -> dict[str, Fact]:
    """The dates of the stay."""
    ended = stay.ended.date()
    return {
        "admitted": Fact(style(stay.began.date()), "DATE"),
        "discharged": Fact(style(ended), "DATE"),
        "follow_up": Fact(style(ended + timedelta(days=10)), "DATE"),
        "earlier": Fact(style(ended - timedelta(days=97)), "DATE"),
        "time": Fact(f"{stay.ended.hour - 1:02d}:{stay.ended.minute:02d}"),
        "length": Fact(str(max(1, round(stay.days)))),
    }


def clinic(scene: Scene) -> dict[str, Fact]:
    """What is wrong and what was measured."""
    stay = scene.stay
    last = stay.vitals[-1]
    return {
        "reason": Fact(stay.reason.words),
        "course": Fact(stay.reason.course),
        "first_labs": Fact(lab_line(stay, first=True)),
        "last_labs": Fact(lab_line(stay, first=False)),
        "pressure": Fact(f"{last.systolic}/{last.diastolic}"),
        "pulse": Fact(str(last.pulse)),
    }


def lab_line(stay: Stay, *, first: bool) -> str:
    """Admission or newest results as doctors write them: `Hgb 9.8, Na 131`."""
    results = reversed(stay.results) if first else stay.results
    values = {r.lab: r.value for r in results if r.lab in SHORT_LABS}
    return ", ".join(
        f"{word} {values[name]:.{labs()[name].digits}f}"
        for name, word in SHORT_LABS.items()
        if name in values
    )

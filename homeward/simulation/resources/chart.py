"""The whole chart of one patient: every version of every resource, in the order it became known."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from homeward.simulation.hospital import PRACTICE
from homeward.simulation.lives import Life
from homeward.simulation.notes.facts import Scene
from homeward.simulation.resources.conditions import problem_list, stay_condition, visit_condition
from homeward.simulation.resources.documents import documents
from homeward.simulation.resources.encounters import stay_frame, stay_versions, visit_encounter
from homeward.simulation.resources.measures import measure_resources
from homeward.simulation.resources.observations import lab_observation, vital_observations
from homeward.simulation.resources.parts import Known
from homeward.simulation.resources.patient import patient_versions
from homeward.simulation.resources.treatments import discharge_drugs, home_drugs, procedures
from homeward.simulation.stays import Stay
from homeward.simulation.visits import Visit


@dataclass(slots=True)
class Chart:
    """All versions of a patient's resources, and the gold line of each note by its id."""

    known: list[Known] = field(default_factory=list)
    gold: dict[str, dict[str, Any]] = field(default_factory=dict)


def chart(rng: Random, notes_rng: Random, life: Life) -> Chart:
    """The chart of a life.

    Args:
        rng: Draws the ids of resources.
        notes_rng: Draws the words of the notes.
        life: What happened.
    """
    gp = life.patient.hospital.doctor(rng, PRACTICE)
    whole = Chart(list(patient_versions(life, gp)))
    problems = problem_list(rng, life)
    whole.known += [*problems, *home_drugs(rng, life, gp)]
    problem_ids = [problem.resource["id"] for problem in problems]
    for visit in life.visits:
        whole.known += visit_chart(rng, life, visit)
    for stay in life.stays:
        whole.known += stay_chart(rng, life, stay, problem_ids)
        add_notes(whole, notes_rng, Scene(life.patient, stay, gp))
    for order in life.orders:
        whole.known += measure_resources(rng, life.patient.person.id, order)
    whole.known.sort(key=lambda known: known.known_at)
    return whole


def visit_chart(rng: Random, life: Life, visit: Visit) -> Iterator[Known]:
    """What a visit leaves behind."""
    patient_id = life.patient.person.id
    yield visit_encounter(patient_id, visit, life.patient.hospital)
    if visit.complaint is not None:
        yield visit_condition(patient_id, visit, visit.complaint)
    for result in visit.results:
        yield lab_observation(rng, patient_id, visit.id, result)
    for vitals in visit.vitals:
        yield from vital_observations(rng, patient_id, visit.id, vitals)


def stay_chart(rng: Random, life: Life, stay: Stay, problems: list[str]) -> Iterator[Known]:
    """What a stay leaves behind, less its notes."""
    patient_id = life.patient.person.id
    frame = stay_frame(patient_id, stay, life.patient.hospital, ward_name(stay))
    yield from stay_versions(stay, problems, frame)
    yield stay_condition(patient_id, stay)
    for result in stay.results:
        yield lab_observation(rng, patient_id, stay.id, result)
    for vitals in stay.vitals:
        yield from vital_observations(rng, patient_id, stay.id, vitals)
    yield from procedures(rng, patient_id, stay)
    yield from discharge_drugs(rng, patient_id, stay)


def ward_name(stay: Stay) -> str:
    """The ward that looks after such a reason."""
    if not stay.reason.is_emergency:
        return "Surgical ward"
    heart = stay.reason.name in {"heart_failure", "heart_attack", "arrhythmia", "chest_pain"}
    return "Cardiac ward" if heart else "Medical ward"


def add_notes(whole: Chart, rng: Random, scene: Scene) -> None:
    """Add the notes of a stay and their gold lines."""
    for labelled in documents(rng, scene):
        whole.known.append(labelled.known)
        whole.gold[labelled.gold["id"]] = labelled.gold

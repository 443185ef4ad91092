"""The two notes of a stay, discharge summary and nursing note, with labelled identifiers."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from tomllib import loads
from typing import Any

from homeward.simulation.chance import happens, one_of
from homeward.simulation.notes.facts import Scene, facts
from homeward.simulation.notes.marked import Facts, Marked, joined, render
from homeward.simulation.notes.social import placed, sentences
from homeward.simulation.stays import Stay
from homeward.simulation.tables.read import table

SUMMARY_LOST, NURSING_LOST = 0.04, 0.08
"""How many stays have no such note in the record."""

SOCIAL_HEADINGS = (
    "SOCIAL HISTORY",
    "Social:",
    "Disposition and supports:",
    "Nursing and social work",
)
NO_SOCIAL = Marked("No concerns raised.")


@dataclass(frozen=True, slots=True)
class Note:
    """A note; `kind` is summary or nursing, `text` carries its gold spans."""

    kind: str
    text: Marked


@cache
def templates() -> dict[str, Any]:
    """The skeletons of the notes."""
    text = files("homeward.simulation.notes").joinpath("templates.toml").read_text("utf-8")
    return loads(text)


def notes_of(rng: Random, scene: Scene) -> list[Note]:
    """The notes of a stay: nearly always both; the dead have a summary without social lines."""
    stay = scene.stay
    said = placed(rng, stay.factors)
    if stay.disposition == "died":
        return [Note("summary", summary(rng, scene, []))]
    found = []
    if not happens(rng, SUMMARY_LOST):
        found.append(Note("summary", summary(rng, scene, said["summary"])))
    if not happens(rng, NURSING_LOST):
        found.append(Note("nursing", nursing(rng, scene, said["nursing"])))
    return found


def summary(rng: Random, scene: Scene, said: list[tuple[str, str]]) -> Marked:
    """A discharge summary."""
    known = facts(rng, scene)
    parts = templates()
    sections = [
        render(one_of(rng, parts["summary_headers"]), known),
        render(one_of(rng, parts["summary_openings"]), known),
        render(one_of(rng, parts["summary_courses"]), known),
        *social_section(rng, said, known),
        drug_section(scene.stay),
        render(ending(rng, scene.stay), known),
        render(one_of(rng, parts["summary_signatures"]), known),
    ]
    return joined(sections, "\n\n")


def social_section(rng: Random, said: list[tuple[str, str]], known: Facts) -> list[Marked]:
    """A heading and the sentences under it; nothing when nothing is said."""
    if not said:
        return []
    lines = joined(sentences(rng, said, known), " ")
    return [joined([Marked(one_of(rng, SOCIAL_HEADINGS)), lines], "\n")]


def drug_section(stay: Stay) -> Marked:
    """The drugs at discharge, one a line."""
    rows = table("drugs")
    lines = [f"- {rows[d]['display']}, {rows[d]['dosage']}" for d in stay.drugs]
    return Marked("\n".join(["DISCHARGE MEDICATIONS", *(lines or ["None"])]))


def ending(rng: Random, stay: Stay) -> str:
    """The sentence about what comes next."""
    if stay.disposition == "died":
        return (
            "Despite treatment the patient died on {discharged} at {time}. {relative} was informed."
        )
    if stay.disposition == "nursing":
        return (
            "Discharged to {facility}. Report called. Follow up with Dr. {gp_last} on {follow_up}."
        )
    if stay.disposition == "transferred":
        return "Transferred to another hospital for further care; {relative} is aware."
    if stay.disposition == "against_advice":
        return "Left against medical advice on {discharged} after risks were explained."
    return str(one_of(rng, templates()["summary_plans"]))


def nursing(rng: Random, scene: Scene, said: list[tuple[str, str]]) -> Marked:
    """A nursing note with the sentences in its middle."""
    known = facts(rng, scene)
    above, below = one_of(rng, templates()["nursing"]).split("{social}\n")
    social = joined(sentences(rng, said, known), " ") if said else NO_SOCIAL
    return joined([render(above.rstrip("\n"), known), social, render(below, known)], "\n")

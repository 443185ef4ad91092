"""The label: whether a patient was back in hospital, unplanned, soon after an index discharge.

After the CMS Hospital-Wide Readmission measure. Days are calendar days; the first admission after
the discharge decides, and a planned one ends the follow-up. Every encounter that makes no index
discharge is in the ledger with the name of its reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from etl.events.event import Event
from etl.events.patient import BIRTH, DEATH
from etl.events.table import order
from etl.labels.dispositions import ACUTE_HOSPITAL, AGAINST_ADVICE, DIED, HOSPICE
from etl.labels.episodes import Episode, episodes_of, is_acute
from etl.labels.planned import code_sets, excluded_group, is_planned
from etl.labels.stays import Stay, calendar_day, stays_of
from etl.rules import SiteRules

Outcome = Literal["none", "unplanned", "planned", "death"]
DAYS_A_YEAR = 365.2425
LONGEST_DAYS = 365


@dataclass(frozen=True, slots=True)
class IndexDischarge:
    """One discharge that is followed up.

    Attributes:
        patient_id: Pseudonym.
        encounter_id: Pseudonym of the last stay of the episode.
        admitted_at: UTC; admission to the first stay of the episode.
        discharged_at: UTC; discharge from the last one.
        label: Whether an unplanned readmission followed in time; None while not mature.
        event: What came first. While not mature: what has come first so far.
        event_day: Calendar days from discharge to it; None for "none".
        planned_unknown: A readmission whose codes could not tell whether it was planned.
        label_spec: Name and year of the code sets.
    """

    patient_id: str
    encounter_id: str
    admitted_at: datetime
    discharged_at: datetime
    label: bool | None
    event: Outcome
    event_day: int | None
    planned_unknown: bool
    label_spec: str


@dataclass(frozen=True, slots=True)
class Excluded:
    """One encounter that makes no index discharge, and the name of the reason."""

    encounter_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class PatientLabels:
    """All encounters of one patient: followed up, or excluded by name; each exactly once."""

    index: list[IndexDischarge]
    excluded: list[Excluded]


@dataclass(frozen=True, slots=True)
class Person:
    """What of a patient the label needs: birth and death, if they are known."""

    patient_id: str
    born_at: datetime | None
    died_on: date | None


def label_patient(events: Sequence[Event], rules: SiteRules) -> PatientLabels:
    """Index discharges and exclusions of one patient, in the order of admission.

    Args:
        events: All events of one patient, in any order. None gives empty labels.
        rules: The site's classes, ages, exclusions and end of observation.

    Raises:
        UnknownLabelSpec: `rules.label_spec` has no file.
    """
    code_sets(rules.label_spec)
    stays = stays_of(events, rules)
    person = person_of(events)
    index: list[IndexDischarge] = []
    excluded = outside_acute_care(stays, rules)
    episodes = episodes_of(stay for stay in stays if is_acute(stay, rules))
    for episode, following in zip(episodes, [*episodes[1:], None], strict=False):
        excluded += joined(episode)
        reason = why_excluded(episode, person, rules)
        if reason is None:
            index.append(followed_up(episode, following, person, rules))
        else:
            excluded.append(Excluded(episode.last.encounter_id, reason))
    return PatientLabels(index, excluded)


def outside_acute_care(stays: Sequence[Stay], rules: SiteRules) -> list[Excluded]:
    """Parts of stays, and stays that are no acute inpatient care."""
    parts = [Excluded(part, "part_of_another_stay") for stay in stays for part in stay.parts]
    others = [stay.encounter_id for stay in stays if not is_acute(stay, rules)]
    return parts + [Excluded(encounter_id, "not_acute_inpatient") for encounter_id in others]


def person_of(events: Sequence[Event]) -> Person:
    """Birth and death out of the events; where they disagree, the earliest."""
    births = [event for event in events if event.code == BIRTH and event.time]
    deaths = [event for event in events if event.code == DEATH and event.time]
    birth, death = (min(found, key=order, default=None) for found in (births, deaths))
    return Person(
        patient_id=events[0].patient_id if events else "",
        born_at=birth.time if birth else None,
        died_on=calendar_day(death.time, death.numeric_value) if death and death.time else None,
    )


def joined(episode: Episode) -> list[Excluded]:
    """The stays that went up in the episode, by why they did."""
    pairs = zip(episode.others, episode.joins, strict=True)
    return [Excluded(stay.encounter_id, f"joined_{join}") for stay, join in pairs]


def why_excluded(episode: Episode, person: Person, rules: SiteRules) -> str | None:
    """The first reason why a discharge is not followed up; None when it is."""
    first, last = episode.first, episode.last
    if last.discharged_at is None or last.discharged_on is None:
        return "not_discharged"
    if died_in_hospital(last, person):
        return "died_in_hospital"
    if (last.discharged_on - first.admitted_on).days >= LONGEST_DAYS:
        return "stay_of_a_year_or_more"
    if too_young(first, person, rules):
        return "below_minimum_age"
    return wrong_destination(last, rules) or wrong_diagnosis(first, rules)


def died_in_hospital(last: Stay, person: Person) -> bool:
    """By the disposition, or by a death on or before the day of discharge."""
    assert last.discharged_on is not None
    dead = person.died_on is not None and person.died_on <= last.discharged_on
    return last.destination == DIED or dead


def too_young(first: Stay, person: Person, rules: SiteRules) -> bool:
    """Younger than the site's minimum at admission; a patient of unknown age is not."""
    if person.born_at is None:
        return False
    age = (first.admitted_at - person.born_at) / timedelta(days=DAYS_A_YEAR)
    return age < rules.minimum_age


def wrong_destination(last: Stay, rules: SiteRules) -> str | None:
    """Discharges that CMS (or, for hospice, the site) does not follow up.

    A transfer to an acute hospital whose stay there was seen is joined to it, so what is left
    here went somewhere that we cannot see.
    """
    reasons = {
        AGAINST_ADVICE: ("left_against_advice", rules.exclude_against_advice),
        ACUTE_HOSPITAL: ("transferred_out", rules.exclude_transferred_out),
        HOSPICE: ("hospice", rules.exclude_hospice),
    }
    reason, excluded = reasons.get(last.destination or "", ("", False))
    return reason if excluded else None


def wrong_diagnosis(first: Stay, rules: SiteRules) -> str | None:
    """Diagnoses that CMS does not follow up: what brings these patients back is their treatment."""
    if not rules.exclude_diagnoses:
        return None
    group = excluded_group(first, rules.label_spec)
    return f"diagnosis_{group}" if group else None


def followed_up(
    episode: Episode, following: Episode | None, person: Person, rules: SiteRules
) -> IndexDischarge:
    """An index discharge with what came first after it."""
    last = episode.last
    assert last.discharged_at is not None
    assert last.discharged_on is not None
    event, day, unknown = what_came_first(last.discharged_on, following, person, rules)
    return IndexDischarge(
        patient_id=person.patient_id,
        encounter_id=last.encounter_id,
        admitted_at=episode.first.admitted_at,
        discharged_at=last.discharged_at,
        label=event == "unplanned" if is_mature(last.discharged_on, rules) else None,
        event=event,
        event_day=day,
        planned_unknown=unknown,
        label_spec=rules.label_spec,
    )


def what_came_first(
    discharged_on: date, following: Episode | None, person: Person, rules: SiteRules
) -> tuple[Outcome, int | None, bool]:
    """The first event within the horizon, its day, and whether `planned` could not be told."""
    if following is not None:
        day = (following.first.admitted_on - discharged_on).days
        if day <= rules.horizon_days:
            planned = is_planned(following.first, rules.label_spec) if rules.tell_planned else False
            return ("planned" if planned else "unplanned"), day, planned is None
    if person.died_on is not None:
        day = (person.died_on - discharged_on).days
        if day <= rules.horizon_days:
            return "death", day, False
    return "none", None, False


def is_mature(discharged_on: date, rules: SiteRules) -> bool:
    """Whether the whole of the last day of the horizon was observed."""
    if rules.observed_until is None:
        return True
    day_after = discharged_on + timedelta(days=rules.horizon_days + 1)
    return rules.observed_until >= datetime.combine(day_after, time(), UTC)

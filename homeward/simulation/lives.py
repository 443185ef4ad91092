"""One patient's years with the hospital: admissions, what follows each, visits between, death."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

from homeward.simulation.chance import by_day, happens
from homeward.simulation.clock import LAST_HOUR, at
from homeward.simulation.health import diseases
from homeward.simulation.hospital import OWN, SECOND
from homeward.simulation.labs import last_value
from homeward.simulation.measures import MEASURES
from homeward.simulation.options import Span
from homeward.simulation.outcomes import Followed, follow, next_possible
from homeward.simulation.reasons import Reason, first_reason, planned_reason, unplanned_reason
from homeward.simulation.risk import Shown
from homeward.simulation.stays import Arrival, Patient, Stay, episode
from homeward.simulation.visits import Visit, visits_between

ADMITTED_ON_ENTRY = 0.55
"""How many patients the hospital first meets by admitting them."""

PRIOR_STAY_DAYS, PRIOR_VISIT_DAYS = 365, 182


@dataclass(frozen=True, slots=True)
class Order:
    """A measure ordered at a discharge; `done_at` is None when something came before it."""

    measure: str
    stay: Stay
    done_at: datetime | None


@dataclass(slots=True)
class Life:
    """What happened to one patient, in order of time.

    Attributes:
        patient: Who.
        entered: Local moment from which the hospital knows them.
        stays: Inpatient stays.
        visits: Emergency and clinic visits.
        orders: Preventive measures.
        followed: One for each episode whose end was seen.
        died_at: Local moment of death, or None.
    """

    patient: Patient
    entered: datetime
    stays: list[Stay] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    followed: list[Followed] = field(default_factory=list)
    died_at: datetime | None = None


def live(rng: Random, patient: Patient, span: Span) -> Life:
    """The life of a patient from their first contact to the end of the span, or death."""
    life = Life(patient, entry(rng, patient.person.born, span))
    arrival = first_arrival(rng, life, span)
    while arrival is not None and arrival.moment < span.end:
        arrival = next_arrival(rng, life, arrival, span)
    return life


def entry(rng: Random, born: date, span: Span) -> datetime:
    """When the hospital first meets someone: in the first two thirds of the history, once born."""
    days = rng.randrange((span.now - span.start).days * 2 // 3)
    return by_day(rng, max(span.start.date() + timedelta(days=days), born + timedelta(days=2)))


def first_arrival(rng: Random, life: Life, span: Span) -> Arrival | None:
    """The first admission: at once, or after a while."""
    if not happens(rng, ADMITTED_ON_ENTRY):
        return later_arrival(rng, life, life.entered, life.entered, span)
    moment = life.entered
    reason = first_reason(rng, life.patient.health.diseases, life.patient.age(moment))
    life.entered = moment - timedelta(hours=1)
    return Arrival(moment, reason, OWN, source_of(rng, reason))


def next_arrival(rng: Random, life: Life, arrival: Arrival, span: Span) -> Arrival | None:
    """Live through an episode and what follows it; the next admission, or None at the end."""
    stays = episode(rng, life.patient, arrival)
    followed = follow(rng, life.patient, stays, shown(life, stays))
    life.stays += stays
    life.followed.append(followed)
    last = followed.last
    if last.disposition == "died":
        life.died_at = last.ended
        return None
    if followed.event == "none":
        return later_arrival(rng, life, last.ended, next_possible(last.ended), span)
    return soon_arrival(rng, life, followed)


def shown(life: Life, stays: list[Stay]) -> Shown:
    """What the record shows when the episode ends."""
    first, last = stays[0], stays[-1]
    stay_since = first.began - timedelta(days=PRIOR_STAY_DAYS)
    visit_since = first.began - timedelta(days=PRIOR_VISIT_DAYS)
    results = [result for stay in stays for result in stay.results]
    return Shown(
        prior_stays=sum(stay.ended >= stay_since for stay in life.stays),
        emergency_visits=sum(
            visit.kind == "EMER" and visit.began >= visit_since for visit in life.visits
        ),
        diseases=life.patient.health.diseases,
        haemoglobin=last_value(results, "haemoglobin"),
        sodium=last_value(results, "sodium"),
        days=(last.ended - first.began) / timedelta(days=1),
        emergency=first.reason.is_emergency,
        disposition=last.disposition,
        age=life.patient.age(last.ended),
        drugs=len(last.drugs),
    )


def soon_arrival(rng: Random, life: Life, followed: Followed) -> Arrival | None:
    """The readmission that follows within 30 days, or None when it is death that follows."""
    last, day = followed.last, followed.event_day or 0
    moment = by_day(rng, last.ended.date() + timedelta(days=day))
    if day == 0:
        moment = last.ended + timedelta(hours=rng.randint(3, 5), minutes=rng.randrange(50))
    life.visits += visits_between(rng, life.patient, last.ended, moment)
    life.orders += orders(followed, moment)
    if followed.event == "death":
        life.died_at = moment
        return None
    reason = next_reason(rng, life, followed, day)
    place = last.place if day < 3 or happens(rng, 0.9) else SECOND
    return Arrival(moment, reason, place, source_of(rng, reason))


def next_reason(rng: Random, life: Life, followed: Followed, day: int) -> Reason:
    """Why someone comes back; on the same day never for the same diagnosis, that is one stay."""
    last, present = followed.last, life.patient.health.diseases
    if followed.event == "planned":
        return planned_reason(last.reason, present)
    reason = unplanned_reason(rng, last.reason, present, life.patient.age(last.ended))
    while day == 0 and reason.code == last.reason.code:
        reason = unplanned_reason(rng, last.reason, present, life.patient.age(last.ended))
    return reason


def later_arrival(
    rng: Random, life: Life, since: datetime, earliest: datetime, span: Span
) -> Arrival | None:
    """The next admission that is no readmission, or None when death or the end comes first."""
    rate = life.patient.health.admissions_per_year(life.patient.age(earliest))
    day = earliest.date() + waiting(rng, rate / 365.25)
    death_day = earliest.date() + waiting(rng, death_rate(life, earliest))
    end = min(by_day(rng, min(day, death_day)), span.end)
    life.visits += visits_between(rng, life.patient, since, end)
    if life.followed:
        life.orders += orders(life.followed[-1], end)
    if end == span.end:
        return None
    if death_day <= day:
        life.died_at = end
        return None
    reason = first_reason(rng, life.patient.health.diseases, life.patient.age(end))
    place = SECOND if happens(rng, 0.06) else OWN
    return Arrival(end, reason, place, source_of(rng, reason))


def waiting(rng: Random, daily_rate: float) -> timedelta:
    """Whole days until something that happens at that rate; at least one, at most 60 years."""
    return timedelta(days=1 + min(21_900, int(rng.expovariate(daily_rate))))


def death_rate(life: Life, moment: datetime) -> float:
    """Deaths a day out of hospital, by age and disease."""
    age = life.patient.age(moment)
    burden = sum(diseases()[name].admissions for name in life.patient.health.diseases)
    yearly = 0.012 * 2.0 ** ((age - 65) / 9 + burden)
    return float(min(0.9, yearly) / 365.25)


def orders(followed: Followed, before: datetime) -> list[Order]:
    """The measures ordered at a discharge; those not done `before` the next thing never were."""
    return [
        Order(
            name, followed.last, done if (done := done_at(followed.last, name)) < before else None
        )
        for name in followed.odds_ratios
    ]


def done_at(stay: Stay, measure: str) -> datetime:
    """When a measure is due; in the working day."""
    due = stay.ended + MEASURES[measure].delay
    return at(due.date(), min(due.hour, LAST_HOUR - 2), due.minute)


def source_of(rng: Random, reason: Reason) -> str:
    """HL7 admit-source code: the emergency department, or a referral."""
    if not reason.is_emergency:
        return "gp" if happens(rng, 0.3) else "outp"
    return "emd" if happens(rng, 0.88) else "gp"

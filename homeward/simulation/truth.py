"""What really was so, for each discharge: its risk in parts, what was done, what came of it."""

from typing import Any

from homeward.simulation.clock import stamp
from homeward.simulation.factors import FACTORS
from homeward.simulation.lives import Life
from homeward.simulation.options import Span
from homeward.simulation.outcomes import HORIZON_DAYS, Followed, next_possible
from homeward.simulation.risk import probability

MEAN_TEXT_LOGIT = sum(factor.share * factor.log_odds for factor in FACTORS.values())


def truths(life: Life, span: Span) -> list[dict[str, Any]]:
    """A row for each discharge whose 30 days end before the simulation does."""
    return [
        row(life, followed, next_stay(life, number))
        for number, followed in enumerate(life.followed)
        if next_possible(followed.last.ended) < span.end
    ]


def next_stay(life: Life, number: int) -> str | None:
    """The id of the stay that comes after an episode, whenever that is."""
    after = life.followed[number + 1 : number + 2]
    return after[0].stays[0].id if after else None


def row(life: Life, followed: Followed, following: str | None) -> dict[str, Any]:
    """One line of truth.jsonl; docs/explanation/simulated-hospital.md explains each field."""
    last = followed.last
    readmitted = followed.event in {"unplanned", "planned"}
    return {
        "patient": life.patient.person.id,
        "encounter": last.id,
        "stays": [stay.id for stay in followed.stays],
        "admitted_at": stamp(followed.stays[0].began),
        "discharged_at": stamp(last.ended),
        "index": followed.excluded is None,
        "excluded": followed.excluded,
        "probability": followed.probability,
        "probability_untreated": followed.untreated,
        "probability_structured": probability(followed.shown_logit, MEAN_TEXT_LOGIT),
        "structured_logit": followed.shown_logit,
        "text_logit": followed.text_logit,
        "factors": sorted(last.factors),
        "measures": measures(life, followed),
        "horizon_days": HORIZON_DAYS,
        "event": followed.event,
        "event_day": followed.event_day,
        "readmission": following if readmitted else None,
    }


def measures(life: Life, followed: Followed) -> dict[str, Any]:
    """For each measure its chance of being ordered, whether it was, its odds ratio, when done."""
    done = {
        order.measure: order.done_at
        for order in life.orders
        if order.stay.id == followed.last.id and order.done_at is not None
    }
    return {
        name: {
            "propensity": chance,
            "ordered": name in followed.odds_ratios,
            "odds_ratio": followed.odds_ratios.get(name),
            "done_at": stamp(done[name]) if name in done else None,
        }
        for name, chance in followed.propensities.items()
    }

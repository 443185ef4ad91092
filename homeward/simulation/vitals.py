"""Vital signs, a little worse the sicker someone is."""

from datetime import datetime
from random import Random
from typing import NamedTuple

from homeward.simulation.chance import clipped


class Vitals(NamedTuple):
    """Vital signs at one local moment; None where it was not taken.

    Attributes:
        taken_at: When.
        systolic: mm[Hg].
        diastolic: mm[Hg].
        pulse: Beats a minute.
        breaths: Breaths a minute.
        temperature: Cel.
        saturation: %, on whatever oxygen was given.
        weight: kg.
    """

    taken_at: datetime
    systolic: int
    diastolic: int
    pulse: int
    breaths: int | None
    temperature: float | None
    saturation: int | None
    weight: float | None


def vitals(rng: Random, moment: datetime, sickness: float, weight: float | None = None) -> Vitals:
    """Vital signs of someone as sick as `sickness` (0 well, 1 very ill)."""
    return Vitals(
        taken_at=moment,
        systolic=round(clipped(rng, 132 - 18 * sickness, 14, 76, 210)),
        diastolic=round(clipped(rng, 76 - 10 * sickness, 8, 40, 118)),
        pulse=round(clipped(rng, 76 + 28 * sickness, 9, 44, 168)),
        breaths=round(clipped(rng, 16 + 9 * sickness, 1.6, 10, 44)),
        temperature=round(clipped(rng, 36.8 + 0.9 * sickness, 0.35, 35.0, 40.8), 1),
        saturation=round(clipped(rng, 97 - 6 * sickness, 1.2, 78, 100)),
        weight=None if weight is None else round(weight, 1),
    )


def short_vitals(rng: Random, moment: datetime, sickness: float) -> Vitals:
    """Blood pressure and pulse alone, as at discharge and in the clinic."""
    full = vitals(rng, moment, sickness)
    return full._replace(breaths=None, temperature=None, saturation=None)

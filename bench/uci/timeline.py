"""When each stay was: a calendar that gives back the published labels and tells nothing more.

The file holds no dates, only an order. Each patient gets a calendar drawn from a seed of their own:

    after a stay labelled `<30`      2 to 30 days to the next admission, all equally likely
    after any other stay             31 days and more, from one distribution for `>30` and `NO`
    last stay of the file, `<30`     one more stay follows that the file does not hold

A gap of 0 or 1 day never occurs, since it would be a transfer and merge both stays. One
distribution for `>30` and `NO` matters: in 2 % of the pairs the file's order is not the true one,
and a calendar that told `NO` from `>30` would hand the network that mistake as a hint. The first
admission and every gap are drawn without looking at how many stays follow.
"""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bench.uci.rows import Stay

FIRST_DAY = datetime(1999, 1, 1, tzinfo=UTC)
FIRST_ADMISSION_DAYS = 5 * 365
SOONEST_RETURN_DAYS = 2
READMISSION_DAYS = 30
MEAN_WAIT_DAYS = 120.0
LONGEST_WAIT_DAYS = 900


@dataclass(frozen=True, slots=True)
class Visit:
    """A stay of the file with its place in time.

    Attributes:
        stay: What the file says; None for a readmission that the file does not hold.
        admitted_at: UTC.
        discharged_at: UTC; exactly `stay.days` times 24 hours after admission.
    """

    stay: Stay | None
    admitted_at: datetime
    discharged_at: datetime


def timeline(stays: Sequence[Stay]) -> list[Visit]:
    """One patient's stays with dates, and the readmission beyond the file where there is one.

    Args:
        stays: Of one patient, oldest first, at least one.
    """
    draw = random.Random(seed_of(stays[0].patient_nbr))
    admitted_at = FIRST_DAY + timedelta(
        days=draw.randrange(FIRST_ADMISSION_DAYS), hours=draw.randrange(24)
    )
    visits: list[Visit] = []
    for stay in stays:
        visits.append(Visit(stay, admitted_at, admitted_at + timedelta(days=stay.days)))
        admitted_at = visits[-1].discharged_at + timedelta(days=gap_days(stay, draw))
    if stays[-1].is_readmitted:
        visits.append(Visit(None, admitted_at, admitted_at + timedelta(days=1)))
    return visits


def gap_days(stay: Stay, draw: random.Random) -> int:
    """Days from this discharge to the next admission, if there is one."""
    if stay.is_readmitted:
        return draw.randint(SOONEST_RETURN_DAYS, READMISSION_DAYS)
    wait = int(draw.expovariate(1 / MEAN_WAIT_DAYS))
    return READMISSION_DAYS + 1 + min(wait, LONGEST_WAIT_DAYS)


def seed_of(patient_nbr: int) -> int:
    """A seed for one patient, the same on every run and every machine."""
    return int.from_bytes(hashlib.sha256(f"uci-timeline {patient_nbr}".encode()).digest()[:8])

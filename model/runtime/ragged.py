"""Many feature rows as a few flat arrays, before codes become ids.

Lists of unequal length are kept as one flat array and offsets: what belongs to row `i` stands
at `offsets[i] : offsets[i + 1]`. Training fills this from Arrow without a Python loop over rows
(`model/snapshot.py`), serving from one `FeatureRow`; everything after it is the same code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from etl.features.row import FeatureRow

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Strings = NDArray[np.object_]


@dataclass(frozen=True)
class Ragged:
    """`n` feature rows.

    Attributes:
        values: (n, feature), NaN where unknown.
        codes: The distinct codes that occur; the two code arrays below point into it.
        stay_codes: Flat, by `stay_offsets` (n + 1).
        step_hours: Flat hours before the prediction, by `step_offsets` (n + 1), oldest first.
        event_codes: Flat, by `event_offsets` (step + 1).
        event_values: Beside each event code its number, NaN where it has none.
    """

    values: Floats
    codes: Strings
    stay_codes: Integers
    stay_offsets: Integers
    step_hours: Floats
    step_offsets: Integers
    event_codes: Integers
    event_values: Floats
    event_offsets: Integers

    def __len__(self) -> int:
        return len(self.values)

    def take(self, chosen: Integers) -> "Ragged":
        """The chosen rows, in the order given."""
        stay_lengths, stay = _chosen(self.stay_offsets, chosen)
        step_lengths, steps = _chosen(self.step_offsets, chosen)
        event_lengths, events = _chosen(self.event_offsets, steps)
        return Ragged(
            values=self.values[chosen],
            codes=self.codes,
            stay_codes=self.stay_codes[stay],
            stay_offsets=offsets(stay_lengths),
            step_hours=self.step_hours[steps],
            step_offsets=offsets(step_lengths),
            event_codes=self.event_codes[events],
            event_values=self.event_values[events],
            event_offsets=offsets(event_lengths),
        )


def ragged_of(rows: Sequence[FeatureRow]) -> Ragged:
    """The same for a few rows in hand, as serving has them."""
    steps = [step for row in rows for step in row.steps]
    stay = list(chain.from_iterable(row.stay_codes for row in rows))
    events = list(chain.from_iterable(step.codes for step in steps))
    codes, indices = np.unique(np.array([*stay, *events], dtype=object), return_inverse=True)
    return Ragged(
        values=np.array([row.values for row in rows], np.float64),
        codes=codes,
        stay_codes=indices[: len(stay)],
        stay_offsets=offsets([len(row.stay_codes) for row in rows]),
        step_hours=np.array([step.hours_before for step in steps], np.float64),
        step_offsets=offsets([len(row.steps) for row in rows]),
        event_codes=indices[len(stay) :],
        event_values=np.array([v for step in steps for v in step.values], np.float64),
        event_offsets=offsets([len(step.codes) for step in steps]),
    )


def offsets(lengths: Sequence[int] | NDArray[Any]) -> Integers:
    """Where each list begins in the flat array, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def positions(starts: Integers, lengths: Integers) -> tuple[Integers, Integers, Integers]:
    """Flat places of many lists at once, without a loop.

    Args:
        starts: Where each list begins in the flat array.
        lengths: How many of its elements to take.

    Returns:
        For every element taken: which list, which place in that list, where in the flat array.
    """
    owner = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(lengths.sum()) - np.repeat(offsets(lengths)[:-1], lengths)
    return owner, place, starts[owner] + place


def _chosen(bounds: Integers, chosen: Integers) -> tuple[Integers, Integers]:
    lengths = bounds[chosen + 1] - bounds[chosen]
    return lengths, positions(bounds[chosen], lengths)[2]

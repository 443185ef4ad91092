"""The arrays the network takes, for training and serving alike.

    values        float32 (row, feature)         NaN where unknown
    stay_codes    int32   (row, code)            0 where there is padding
    event_codes   int32   (row, event)           0 where there is padding
    event_values  float32 (row, event)           standardised; NaN where the event has no number
    event_steps   int32   (row, event)           which step it belongs to
    step_hours    float32 (row, step)            hours before the prediction; NaN where padding
    notes         float32 (row, chunk, width)    newest chunk first; zeros where there is padding
    note_mask     bool    (row, chunk)           False where there is padding

Padding is on the right. A row may have no codes, no steps and no notes at all.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.runtime.normalisation import LARGEST_Z, Normalisation
from model.runtime.ragged import Integers, Ragged, positions
from model.runtime.vocabulary import Vocabulary

Inputs = dict[str, NDArray[Any]]

MAX_EVENTS = 512  # newest events of a patient that the network reads
MAX_CHUNKS = 32  # newest note chunks
MAX_STAY_CODES = 512
SIZES = (1, 4, 8, 16, 32, 64, 96, 128, 192, 256, 384, 512)  # padded lengths; few, so few graphs


@dataclass(frozen=True)
class Notes:
    """Note vectors of many rows: one table of chunks and where each row's chunks stand in it.

    Attributes:
        table: float32 (chunk, width); every chunk once.
        chunks: Flat places in `table`, newest first, by `offsets` (n + 1).
        offsets: Where each row's chunks begin.
    """

    table: NDArray[np.float32]
    chunks: Integers
    offsets: Integers


@dataclass(frozen=True)
class Encoded:
    """Rows whose codes are ids and whose event values are standardised, still unpadded."""

    rows: Ragged
    stay_ids: NDArray[np.int32]
    event_ids: NDArray[np.int32]
    event_values: NDArray[np.float32]
    notes: Notes

    def __len__(self) -> int:
        return len(self.rows)

    def events_of(self, chosen: Integers) -> Integers:
        """How many events each chosen row has."""
        first, last = self.event_range(chosen)
        return last - first

    def event_range(self, chosen: Integers) -> tuple[Integers, Integers]:
        """Where each chosen row's events begin and end in the flat arrays."""
        steps = self.rows.step_offsets
        return self.rows.event_offsets[steps[chosen]], self.rows.event_offsets[steps[chosen + 1]]


def encode(
    rows: Ragged, notes: Notes, vocabulary: Vocabulary, normalisation: Normalisation
) -> Encoded:
    """Codes to ids and event values to deviations, once for a whole data set."""
    ids = np.array(vocabulary.ids_of(rows.codes), np.int32).reshape(-1)
    event_ids = ids[rows.event_codes]
    z = rows.event_values - normalisation.code_mean[event_ids]
    z = np.clip(z / normalisation.code_scale[event_ids], -LARGEST_Z, LARGEST_Z)
    width = len(normalisation.note_mean)
    vectors = notes.table if len(notes.table) else np.zeros((0, width), np.float32)
    table = (vectors - normalisation.note_mean) / normalisation.note_scale
    notes = replace(notes, table=table.astype(np.float32))
    return Encoded(rows, ids[rows.stay_codes], event_ids, z.astype(np.float32), notes)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Padded lengths of a batch; every batch of the same sizes runs through the same graph."""

    stay_codes: int = 1
    events: int = 1
    steps: int = 1
    chunks: int = 1


def sizes_of(data: Encoded, chosen: Integers) -> Sizes:
    """The lengths that hold each of the chosen rows, rounded up to `SIZES`."""
    rows, notes = data.rows, data.notes.offsets
    stay = rows.stay_offsets[chosen + 1] - rows.stay_offsets[chosen]
    steps = rows.step_offsets[chosen + 1] - rows.step_offsets[chosen]
    return Sizes(
        stay_codes=rounded(min(int(stay.max(initial=0)), MAX_STAY_CODES)),
        events=rounded(min(int(data.events_of(chosen).max(initial=0)), MAX_EVENTS)),
        steps=rounded(int(steps.max(initial=0))),
        chunks=rounded(min(int((notes[chosen + 1] - notes[chosen]).max(initial=0)), MAX_CHUNKS)),
    )


def pack(data: Encoded, chosen: Integers, sizes: Sizes | None = None) -> Inputs:
    """Padded arrays of the chosen rows.

    Args:
        data: Encoded rows.
        chosen: Which of them, in which order.
        sizes: Lengths to pad to, at least those of `sizes_of`; None takes just those.
    """
    sizes = sizes or sizes_of(data, chosen)
    return {
        "values": data.rows.values[chosen].astype(np.float32),
        "stay_codes": _stay(data, chosen, sizes.stay_codes),
        **_history(data, chosen, sizes),
        **_notes(data.notes, chosen, sizes.chunks),
    }


def rounded(length: int) -> int:
    """The smallest of `SIZES` that holds `length`."""
    return next(size for size in SIZES if size >= length)


def _stay(data: Encoded, chosen: Integers, size: int) -> NDArray[np.int32]:
    start, end = data.rows.stay_offsets[chosen], data.rows.stay_offsets[chosen + 1]
    owner, place, source = positions(start, np.minimum(end - start, MAX_STAY_CODES))
    ids = np.zeros((len(chosen), size), np.int32)
    ids[owner, place] = data.stay_ids[source]
    return ids


def _history(data: Encoded, chosen: Integers, sizes: Sizes) -> Inputs:
    first_step, end_step = data.rows.step_offsets[chosen], data.rows.step_offsets[chosen + 1]
    first, end = data.event_range(chosen)
    first = np.maximum(first, end - MAX_EVENTS)
    owner, place, source = positions(first, end - first)
    shape = (len(chosen), sizes.events)
    codes, steps = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    values = np.full(shape, np.nan, np.float32)
    codes[owner, place] = data.event_ids[source]
    values[owner, place] = data.event_values[source]
    step = np.searchsorted(data.rows.event_offsets, source, side="right") - 1
    steps[owner, place] = step - first_step[owner]
    return {
        "event_codes": codes,
        "event_values": values,
        "event_steps": steps,
        "step_hours": _hours(data, first_step, end_step - first_step, sizes.steps),
    }


def _hours(data: Encoded, first: Integers, lengths: Integers, size: int) -> NDArray[np.float32]:
    owner, place, source = positions(first, lengths)
    hours = np.full((len(first), size), np.nan, np.float32)
    hours[owner, place] = data.rows.step_hours[source]
    return hours


def _notes(notes: Notes, chosen: Integers, size: int) -> Inputs:
    start = notes.offsets[chosen]
    lengths = np.minimum(notes.offsets[chosen + 1] - start, MAX_CHUNKS)
    owner, place, source = positions(start, lengths)
    mask = np.zeros((len(chosen), size), bool)
    mask[owner, place] = True
    vectors = np.zeros((*mask.shape, notes.table.shape[1]), np.float32)
    vectors[owner, place] = notes.table[notes.chunks[source]]
    return {"notes": vectors, "note_mask": mask}

"""Masked language modelling: hide word pieces and remember what stood there.

Of the pieces chosen, 80 % become [MASK], 10 % another piece, 10 % stay (Devlin et al. 2019).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]

CHOSEN, MASKED, REPLACED = 0.15, 0.80, 0.90


@dataclass(frozen=True)
class Masked:
    """A batch with holes.

    Attributes:
        token_ids: (batch, token) with holes.
        places: (batch, hole) where the holes are; repeated places fill up a row.
        answers: (batch, hole) what stood there.
        counts: (batch, hole) 1 for a hole that counts, 0 for one that fills up.
    """

    token_ids: Ids
    places: Ids
    answers: Ids
    counts: NDArray[np.float32]


def sequences(notes: list[list[int]], length: int, first: int, last: int, pad: int) -> Ids:
    """Notes cut into rows of `length` ids between [CLS] and [SEP], padded on the right."""
    room = length - 2
    pieces = [ids[at : at + room] for ids in notes for at in range(0, len(ids), room)]
    rows = np.full((len(pieces), length), pad, np.int32)
    for row, piece in zip(rows, pieces, strict=True):
        row[: len(piece) + 2] = [first, *piece, last]
    return rows


def mask_tokens(
    rows: Ids, special: frozenset[int], mask_id: int, vocabulary: int, draw: np.random.Generator
) -> Masked:
    """Make holes in a batch.

    Args:
        rows: (batch, token) ids.
        special: Ids never hidden.
        mask_id: Id of [MASK].
        vocabulary: How many pieces there are, to draw others from.
        draw: Source of chance.
    """
    holes = max(1, round(CHOSEN * rows.shape[1]))
    hideable = ~np.isin(rows, list(special))
    priority = np.where(hideable, draw.random(rows.shape), 2.0)
    places = np.argsort(priority, axis=1)[:, :holes]
    wanted = np.ceil(CHOSEN * hideable.sum(axis=1, keepdims=True))
    answers = np.take_along_axis(rows, places, axis=1)
    fate = draw.random(places.shape)
    other = draw.integers(0, vocabulary, places.shape)
    shown = np.where(fate < MASKED, mask_id, np.where(fate < REPLACED, other, answers))
    counts = np.arange(holes)[None] < wanted
    token_ids = rows.copy()
    np.put_along_axis(token_ids, places, np.where(counts, shown, answers).astype(np.int32), axis=1)
    return Masked(token_ids, places.astype(np.int32), answers, counts.astype(np.float32))

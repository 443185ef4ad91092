"""What training learned of the scale of each number, so that serving reads numbers alike.

Catalogue values get a mean, a scale and the edges of a piecewise-linear encoding
(Gorishniy et al. 2022, https://arxiv.org/abs/2203.05556). Plain quantile bins collapse to a
single one on counts that are mostly zero, so edges first stand at the common values and only
then at quantiles of the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.runtime.ragged import Ragged

Floats = NDArray[np.float64]

EDGES = 13  # 12 pieces a feature
COMMON = 0.02  # share of the known values from which a value gets an edge of its own
LARGEST_Z = 4.0  # a measured value further off than this many deviations counts as this far


@dataclass(frozen=True)
class Normalisation:
    """Scales of the catalogue's values, of event values and of note vectors.

    Attributes:
        features: Names of the catalogue's features, in order.
        mean: (feature,) of the squashed values: sign(x) * log(1 + |x|).
        scale: (feature,) their standard deviation, never 0.
        median: (feature,) of the raw known values: what the average patient has.
        edges: (feature, EDGES) of the raw values, ascending; repeated edges make empty pieces.
        code_mean: (code,) mean number seen with each code of the vocabulary.
        code_scale: (code,) its standard deviation, never 0.
        note_mean: (width,) of the note encoder's vectors.
        note_scale: (width,) their standard deviation, never 0.
    """

    features: tuple[str, ...]
    mean: Floats
    scale: Floats
    median: Floats
    edges: Floats
    code_mean: Floats
    code_scale: Floats
    note_mean: Floats
    note_scale: Floats

    def as_json(self) -> dict[str, list[str] | list[float] | list[list[float]]]:
        """Plain lists, for `normalisation.json`."""
        arrays = {name: getattr(self, name).tolist() for name in ARRAYS}
        return {"features": list(self.features), **arrays}

    @classmethod
    def from_json(cls, written: Mapping[str, list[float]]) -> "Normalisation":
        """What `as_json` wrote."""
        arrays = {name: np.array(written[name], np.float64) for name in ARRAYS}
        return cls(features=tuple(map(str, written["features"])), **arrays)


ARRAYS = ("mean", "scale", "median", "edges", "code_mean", "code_scale", "note_mean", "note_scale")


def learn(
    rows: Ragged, features: tuple[str, ...], code_ids: NDArray[np.int64], codes: int
) -> Normalisation:
    """Scales of the training rows; note vectors are added by `with_notes`.

    Args:
        rows: Training rows only.
        features: Names of the catalogue's features, in order.
        code_ids: For each of `rows.codes`, its id in the vocabulary.
        codes: Size of the vocabulary.
    """
    squashed = squash(rows.values)
    mean, scale = _moments(squashed)
    code_mean, code_scale = _code_moments(rows, code_ids, codes)
    return Normalisation(
        features=features,
        mean=mean,
        scale=scale,
        median=np.array([_median(column) for column in rows.values.T]),
        edges=np.array([edges_of(column) for column in rows.values.T]).reshape(-1, EDGES),
        code_mean=code_mean,
        code_scale=code_scale,
        note_mean=np.zeros(0),
        note_scale=np.ones(0),
    )


def squash(values: Floats) -> Floats:
    """sign(x) * log(1 + |x|): long tails are drawn in, zero and order are kept."""
    return np.sign(values) * np.log1p(np.abs(values))


def edges_of(column: Floats) -> Floats:
    """`EDGES` ascending edges for one feature; all 0 for one that was never known."""
    known = np.sort(column[~np.isnan(column)])
    if not len(known):
        return np.zeros(EDGES)
    distinct, counts = np.unique(known, return_counts=True)
    common = distinct[counts >= max(2, COMMON * len(known))][:EDGES]
    rare = known[~np.isin(known, common)]
    places = np.linspace(0, 1, EDGES - len(common))
    between = np.quantile(rare, places) if len(rare) and len(places) else np.zeros(0)
    edges = np.unique(np.concatenate([common, between]))
    return np.pad(edges, (0, EDGES - len(edges)), mode="edge")


def _moments(columns: Floats) -> tuple[Floats, Floats]:
    known = ~np.isnan(columns)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, columns, 0.0).sum(axis=0) / count
    variance = np.where(known, (columns - mean) ** 2, 0.0).sum(axis=0) / count
    return mean, _positive(np.sqrt(variance))


def _code_moments(rows: Ragged, ids: NDArray[np.int64], codes: int) -> tuple[Floats, Floats]:
    known = ~np.isnan(rows.event_values)
    of, values = ids[rows.event_codes[known]], rows.event_values[known]
    count = np.maximum(np.bincount(of, minlength=codes), 1)
    mean = np.bincount(of, values, minlength=codes) / count
    variance = np.bincount(of, (values - mean[of]) ** 2, minlength=codes) / count
    return mean, _positive(np.sqrt(variance))


def _median(column: Floats) -> float:
    known = column[~np.isnan(column)]
    return float(np.median(known)) if len(known) else 0.0


def _positive(scale: Floats) -> Floats:
    return np.where(scale > 1e-6, scale, 1.0)

"""Read a feature snapshot into flat arrays: labelled, mature rows only, without a loop over rows.

In      features, labels, notes   Parquet, as `etl/snapshots.py` draws them
Out     Examples                  rows, labels and note vectors, aligned
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from model.errors import BadSnapshot
from model.runtime.inputs import Notes
from model.runtime.ragged import Integers, Ragged, Strings, offsets, positions


@dataclass(frozen=True)
class Examples:
    """Index discharges whose outcome is known.

    Attributes:
        rows: What may be used to predict.
        notes: Their note vectors, newest first.
        patients: (n,) pseudonyms.
        encounters: (n,) pseudonyms of the index stays.
        labels: (n,) 1.0 where an unplanned readmission followed within 30 days.
        manifest: The snapshot's manifest.
    """

    rows: Ragged
    notes: Notes
    patients: Strings
    encounters: Strings
    labels: NDArray[np.float64]
    manifest: dict[str, Any]

    def __len__(self) -> int:
        return len(self.labels)


def read_examples(snapshot: Path, *, labelled: bool = True) -> Examples:
    """The rows of `features` with their labels.

    Args:
        snapshot: Directory of one snapshot.
        labelled: Leave out stays without a label, which are not mature or excluded; else they
            are kept and their label is NaN.

    Raises:
        BadSnapshot: A table is missing.
    """
    features, labels = _table(snapshot, "features"), _table(snapshot, "labels")
    labels = labels.filter(pc.is_valid(labels["label"]))
    at = pc.index_in(features["encounter_id"], labels["encounter_id"].combine_chunks())
    if labelled:
        features, at = features.filter(pc.is_valid(at)), at.drop_null()
    return Examples(
        rows=ragged_from(features),
        notes=read_notes(snapshot, features["note_keys"]),
        patients=_strings(features["patient_id"]),
        encounters=_strings(features["encounter_id"]),
        labels=_numbers(pc.cast(labels["label"].take(at), pa.float64())),
        manifest=_manifest(snapshot),
    )


def ragged_from(features: pa.Table) -> Ragged:
    """A features table as flat arrays, column by column."""
    steps = pc.list_flatten(features["steps"])
    step_codes, step_values = pc.struct_field(steps, "codes"), pc.struct_field(steps, "values")
    stay, events = pc.list_flatten(features["stay_codes"]), pc.list_flatten(step_codes)
    codes, indices = _coded([*_chunks(stay), *_chunks(events)])
    values = _numbers(pc.list_flatten(features["values"]))
    return Ragged(
        values=values.reshape(len(features), -1) if len(features) else values.reshape(0, 0),
        codes=codes,
        stay_codes=indices[: len(stay)],
        stay_offsets=_offsets(features["stay_codes"]),
        step_hours=_numbers(pc.struct_field(steps, "hours_before")),
        step_offsets=_offsets(features["steps"]),
        event_codes=indices[len(stay) :],
        event_values=_numbers(pc.list_flatten(step_values)),
        event_offsets=_offsets(step_codes),
    )


def read_notes(snapshot: Path, keys_of_rows: pa.ChunkedArray) -> Notes:
    """Chunk vectors of each row's notes, newest note first; notes without a vector are absent."""
    if not any((snapshot / "notes").rglob("*.parquet")):
        return no_notes(len(keys_of_rows))
    table = _table(snapshot, "notes")
    if not len(table):
        return no_notes(len(keys_of_rows))
    table = table.sort_by([("note_key", "ascending"), ("chunk", "ascending")])
    vectors = _numbers(pc.list_flatten(table["vector"])).reshape(len(table), -1)
    keys, first, count = np.unique(
        _strings(table["note_key"]).astype(str), return_index=True, return_counts=True
    )
    owner, at = _notes_of_rows(keys_of_rows, keys)
    which, _, chunks = positions(first[at].astype(np.int64), count[at].astype(np.int64))
    lengths = np.bincount(owner[which], minlength=len(keys_of_rows))
    return Notes(vectors.astype(np.float32), chunks, offsets(lengths))


def no_notes(rows: int, width: int = 1) -> Notes:
    """Rows without any note."""
    empty = np.zeros((0, width), np.float32)
    return Notes(empty, np.zeros(0, np.int64), np.zeros(rows + 1, np.int64))


def _notes_of_rows(keys_of_rows: pa.ChunkedArray, keys: NDArray[Any]) -> tuple[Integers, Integers]:
    """For each note that has vectors: which row it belongs to and its place in `keys`.

    Rows come in order, and within a row the newest note (the last of its list) first.
    """
    bounds = _offsets(keys_of_rows)
    lengths = np.diff(bounds)
    owner, place, _ = positions(bounds[:-1], lengths)
    backwards = bounds[1:][owner] - 1 - place
    asked = pc.list_flatten(keys_of_rows)
    found = pc.index_in(asked, pa.array(keys.tolist(), asked.type))
    at = _numbers(pc.fill_null(found, -1)).astype(np.int64)[backwards]
    return owner[at >= 0], at[at >= 0]


def _table(snapshot: Path, name: str) -> pa.Table:
    files = sorted((snapshot / name).rglob("*.parquet"))
    if not files:
        raise BadSnapshot(snapshot, f"it has no {name}/*.parquet")
    return pa.concat_tables([pq.read_table(file) for file in files])


def _manifest(snapshot: Path) -> dict[str, Any]:
    path = snapshot / "manifest.json"
    if not path.exists():
        raise BadSnapshot(snapshot, "it has no manifest.json")
    return dict(json.loads(path.read_text("utf-8")))


def _coded(chunks: list[pa.Array]) -> tuple[Strings, Integers]:
    """Distinct strings and, for every string, its place among them."""
    if not chunks:
        return np.zeros(0, object), np.zeros(0, np.int64)
    coded = pa.chunked_array(chunks, pa.string()).dictionary_encode().unify_dictionaries()
    indices = np.concatenate([chunk.indices.to_numpy() for chunk in coded.chunks])
    return _strings(coded.chunk(0).dictionary), indices.astype(np.int64)


def _chunks(column: pa.Array | pa.ChunkedArray) -> list[pa.Array]:
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    return [pc.cast(chunk, pa.string()) for chunk in chunks]


def _offsets(lists: pa.Array | pa.ChunkedArray) -> Integers:
    return offsets(_numbers(pc.fill_null(pc.list_value_length(lists), 0)).astype(np.int64))


def _numbers(column: pa.Array | pa.ChunkedArray) -> NDArray[Any]:
    if pa.types.is_floating(column.type):
        column = pc.fill_null(column, float("nan"))
    return (
        column.to_numpy()
        if isinstance(column, pa.ChunkedArray)
        else column.to_numpy(zero_copy_only=False)
    )


def _strings(column: pa.Array | pa.ChunkedArray) -> Strings:
    return np.array(column.to_pylist(), dtype=object)

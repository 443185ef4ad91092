"""A snapshot made ready to learn from: split by patient, encoded once, served in batches.

Vocabulary and scales come from the training part alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.errors import SchemaMismatch
from model.runtime import normalisation as scales
from model.runtime.inputs import Encoded, Inputs, Notes, Sizes, encode, pack, sizes_of
from model.runtime.normalisation import Normalisation
from model.runtime.ragged import Integers, Ragged
from model.runtime.vocabulary import Vocabulary
from model.snapshot import Examples, read_examples
from model.split import Part, split

BATCHES_SORTED_TOGETHER = 16  # of like length within, so that little is padding
ONE_SIZE_BELOW = 20_000  # training rows; so few are all padded alike, which saves making graphs
SMALLEST_NOTE_SCALE = 1e-3


@dataclass(frozen=True)
class Dataset:
    """Everything training needs of a snapshot.

    Attributes:
        examples: As read.
        parts: Row numbers by part.
        vocabulary: Codes of the training part.
        normalisation: Scales of the training part.
        encoded: All rows, their codes as ids.
    """

    examples: Examples
    parts: dict[Part, Integers]
    vocabulary: Vocabulary
    normalisation: Normalisation
    encoded: Encoded

    def labels(self, part: Part) -> NDArray[np.float64]:
        """0 or 1 for each row of the part."""
        return self.examples.labels[self.parts[part]]

    def patients(self, part: Part) -> NDArray[np.object_]:
        """Pseudonym of each row of the part."""
        return self.examples.patients[self.parts[part]]


def load(
    snapshot: Path, features: tuple[str, ...], min_count: int, given: Path | None = None
) -> Dataset:
    """Read, split and encode a snapshot.

    Args:
        snapshot: Directory of one snapshot.
        features: Names of the catalogue's features, in order.
        min_count: A code seen less often in training is counted with its parent.
        given: A split by file; None splits by digest of the patient.

    Raises:
        BadSnapshot: A table is missing.
        SchemaMismatch: Rows are not as wide as the catalogue.
        TooFewRows: A part cannot be learned from or judged by.
    """
    examples = read_examples(snapshot)
    parts = split(examples.patients, examples.labels, given)
    if examples.rows.values.shape[1] != len(features):
        width = examples.rows.values.shape[1]
        raise SchemaMismatch(f"{len(features)} features", f"{width} features")
    training = examples.rows.take(parts["train"])
    vocabulary = learn_vocabulary(training, min_count)
    ids = np.array(vocabulary.ids_of(training.codes), np.int64)
    learned = scales.learn(training, features, ids, len(vocabulary))
    learned = with_note_scales(learned, examples.notes, parts["train"])
    encoded = encode(examples.rows, examples.notes, vocabulary, learned)
    return Dataset(examples, parts, vocabulary, learned, encoded)


def learn_vocabulary(training: Ragged, min_count: int) -> Vocabulary:
    """Codes of the training rows with how often they stand in a stay or a step."""
    seen = np.concatenate([training.stay_codes, training.event_codes])
    counts = np.bincount(seen, minlength=len(training.codes))
    present = np.flatnonzero(counts)
    return Vocabulary.learn({training.codes[i]: int(counts[i]) for i in present}, min_count)


def with_note_scales(learned: Normalisation, notes: Notes, training: Integers) -> Normalisation:
    """The scales with mean and deviation of the chunks that training rows point to.

    Vectors of one BERT all lie near one direction; their differences carry the meaning.
    """
    starts, ends = notes.offsets[training], notes.offsets[training + 1]
    used = [notes.chunks[start:end] for start, end in zip(starts, ends, strict=True)]
    chunks = np.unique(np.concatenate([*used, np.zeros(0, np.int64)]).astype(np.int64))
    width = notes.table.shape[1]
    if not len(chunks):
        return replace(learned, note_mean=np.zeros(width), note_scale=np.ones(width))
    table = notes.table[chunks].astype(np.float64)
    scale = np.maximum(table.std(axis=0), SMALLEST_NOTE_SCALE)
    return replace(learned, note_mean=table.mean(axis=0), note_scale=scale)


def training_batches(
    data: Dataset, size: int, draw: np.random.Generator
) -> Iterator[tuple[Inputs, NDArray[np.float32]]]:
    """One epoch: every training row in a new order, rows of like length together.

    The last batch is filled up with rows of the first, so that all batches weigh alike.
    """
    train = data.parts["train"]
    sizes = common_sizes(data)
    rows = np.resize(draw.permutation(train), -(-len(train) // size) * size)
    together = size * BATCHES_SORTED_TOGETHER
    batches: list[Integers] = []
    for start in range(0, len(rows), together):
        group = rows[start : start + together]
        group = group[np.argsort(data.encoded.events_of(group), kind="stable")]
        batches.extend(group.reshape(-1, size))
    for number in draw.permutation(len(batches)):
        chosen = batches[number]
        labels = data.examples.labels[chosen].astype(np.float32)[:, None]
        yield pack(data.encoded, chosen, sizes), labels


def common_sizes(data: Dataset) -> Sizes | None:
    """Lengths that hold every row, for a small data set; None lets each batch have its own."""
    if len(data.parts["train"]) >= ONE_SIZE_BELOW:
        return None
    return sizes_of(data.encoded, np.arange(len(data.encoded)))


def batches_in_order(
    encoded: Encoded, rows: Integers, size: int
) -> Iterator[tuple[Integers, Inputs]]:
    """Places in `rows` and their inputs, rows of like length together; for scoring."""
    order = np.argsort(encoded.events_of(rows), kind="stable")
    for start in range(0, len(order), size):
        places = order[start : start + size]
        yield places, pack(encoded, rows[places])

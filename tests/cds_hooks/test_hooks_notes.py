"""Notes in the request: what is ready in time is used, the rest is ready next time."""

import time
from threading import Event

import numpy as np
import pytest

from cds_hooks.note_reader import NOTES_KEPT, NoteReader
from tests.support.encoders import FailingEncoder, LengthEncoder

TEXTS = {"old": "Lives alone.", "new": "Missed two appointments, and a third one."}


class GatedEncoder(LengthEncoder):
    """Encodes nothing until the gate is opened."""

    def __init__(self) -> None:
        self.gate = Event()

    def encode(self, text: str) -> np.ndarray:
        self.gate.wait(10)
        return super().encode(text)


def test_vectors_come_in_the_order_of_the_notes() -> None:
    found = NoteReader(deadline_s=5).vectors(LengthEncoder(), ["old", "new"], {}, TEXTS)

    assert {key: vectors.shape for key, vectors in found.items()} == {"old": (1, 4), "new": (3, 4)}
    assert list(found) == ["old", "new"]


def test_stored_vectors_are_not_made_again() -> None:
    stored = {"old": np.ones((2, 4), np.float32)}

    found = NoteReader(deadline_s=5).vectors(FailingEncoder(), ["old"], stored, TEXTS)

    assert found["old"] is stored["old"]


def test_a_note_without_vectors_and_text_is_missing() -> None:
    assert NoteReader(deadline_s=5).vectors(LengthEncoder(), ["gone"], {}, TEXTS) == {}


def test_a_late_note_is_missing_now_and_there_next_time() -> None:
    encoder, reader = GatedEncoder(), NoteReader(deadline_s=0)

    first = reader.vectors(encoder, ["old"], {}, TEXTS)
    encoder.gate.set()
    time.sleep(0.2)
    second = reader.vectors(encoder, ["old"], {}, TEXTS)

    assert (list(first), list(second)) == ([], ["old"])


def test_vectors_are_rounded_as_the_jobs_store_them() -> None:
    class Precise(LengthEncoder):
        def encode(self, text: str) -> np.ndarray:
            return super().encode(text) + np.float32(1e-4)

    found = NoteReader(deadline_s=5).vectors(Precise(), ["old"], {}, TEXTS)

    assert found["old"].tolist() == [[12.0] * 4]


def test_an_encoder_that_fails_is_not_hidden() -> None:
    with pytest.raises(ValueError, match="Lives alone"):
        NoteReader(deadline_s=5).vectors(FailingEncoder(), ["old"], {}, TEXTS)


def test_only_the_newest_notes_are_remembered() -> None:
    reader = NoteReader(deadline_s=5)
    texts = {str(number): "text" for number in range(NOTES_KEPT + 5)}

    for key in texts:
        reader.vectors(LengthEncoder(), [key], {}, texts)

    assert len(reader._encoded) == NOTES_KEPT

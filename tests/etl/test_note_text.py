"""Which text of a resource is a note, what names it, and how its vectors rest."""

import base64
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from etl.notes.text import note_key, note_texts
from etl.notes.vectors import pack, unpack


def attachment(text: str, content_type: str = "text/plain") -> dict[str, str]:
    return {"contentType": content_type, "data": base64.b64encode(text.encode()).decode()}


def document(*attachments: dict[str, str]) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "content": [{"attachment": each} for each in attachments],
    }


def test_reads_every_text_of_a_document_in_order() -> None:
    texts = note_texts(document(attachment("Lives alone."), attachment("Fell twice.")))

    assert texts == ["Lives alone.", "Fell twice."]


def test_reads_the_presented_form_of_a_report() -> None:
    report = {"resourceType": "DiagnosticReport", "presentedForm": [attachment("No effusion.")]}

    assert note_texts(report) == ["No effusion."]


def test_passes_over_what_is_no_written_text() -> None:
    scan = attachment("%PDF", "application/pdf")
    dropped = {"contentType": "text/plain"}

    assert note_texts(document(scan, dropped, attachment(" \n"))) == []
    assert note_texts({"resourceType": "Condition"}) == []


@given(st.text(min_size=1).filter(lambda text: text.strip() != ""))
def test_any_text_comes_back_as_it_was_stored(text: str) -> None:
    assert note_texts(document(attachment(text, "text/plain; charset=utf-8"))) == [text]
    assert len(note_key(text)) == 32


@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 4), st.integers(1, 8)),
        elements=st.floats(-1000, 1000, width=16),
    )
)
def test_vectors_of_half_precision_survive_the_bytes(vectors: np.ndarray) -> None:
    stored = pack(vectors)

    assert len(stored) == 2 * vectors.size
    np.testing.assert_array_equal(unpack(stored, *vectors.shape), vectors)


@pytest.mark.parametrize("wrong", [np.array([[np.nan]]), np.array([[1e6]]), np.array([1.0])])
def test_refuses_vectors_that_cannot_be_stored(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="note vectors of shape"):
        pack(wrong.astype(np.float32))

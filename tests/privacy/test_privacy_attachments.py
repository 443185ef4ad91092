"""Attachments: the type always, text only after scrubbing, everything else never."""

import base64
from typing import Any

import pytest

from privacy.dates import shift_days, shift_text
from privacy.notes.attachments import PLAIN, without_markup
from privacy.pseudonyms import pseudonym
from privacy.records import CleanResource
from tests.support.cleaning import KEYS, cleaner

NOTE = "Mrs. Zzyzx Quuxford was seen on 2024-05-06. Lives alone."


def encoded(text: str, charset: str = "utf-8") -> str:
    return base64.b64encode(text.encode(charset)).decode()


def stored(content_type: Any, data: Any, *, notes: Any = "scrub", **others: Any) -> dict[str, Any]:
    attachment = {"contentType": content_type, "data": data, **others}
    document = {
        "resourceType": "DocumentReference",
        "id": "d1",
        "subject": {"reference": "Patient/17"},
        "content": [{"attachment": attachment}],
    }
    answer = cleaner(notes).clean_batch([document])[0]
    assert isinstance(answer, CleanResource), answer
    kept: dict[str, Any] = answer.body["content"][0].get("attachment", {})
    return kept


def text_of(kept: dict[str, Any]) -> str:
    return base64.b64decode(kept["data"]).decode()


def test_a_site_that_has_not_opted_in_keeps_no_note() -> None:
    assert stored("text/plain", encoded(NOTE), notes="drop") == {"contentType": "text/plain"}


def test_a_plain_note_is_stored_scrubbed_with_its_dates_moved() -> None:
    days = shift_days(pseudonym(KEYS, "Patient", "17"), KEYS)

    kept = stored(
        "text/plain; charset=utf-8", encoded(NOTE), title="Ann", url="http://x/Ann", size=9
    )

    moved = shift_text("2024-05-06", days)
    assert text_of(kept) == f"Mrs. [NAME] was seen on {moved}. Lives alone."
    assert kept.keys() == {"contentType", "data"}
    assert kept["contentType"] == PLAIN


def test_an_html_note_is_stored_as_plain_text() -> None:
    page = "<html><body><p>Mrs. Quux<b>ford</b> &amp; son</p><br/>Lives alone.</body></html>"

    kept = stored("text/html", encoded(page))

    assert text_of(kept).split() == ["Mrs.", "[NAME]", "&", "son", "Lives", "alone."]
    assert kept["contentType"] == PLAIN


def test_a_latin_1_note_is_read_as_what_it_is() -> None:
    kept = stored("text/plain; charset=iso-8859-1", encoded("Café. Lives alone.", "iso-8859-1"))

    assert text_of(kept) == "Café. Lives alone."


@pytest.mark.parametrize(
    "content_type",
    ["application/pdf", "text/rtf", "image/png", "application/octet-stream", "text/xml"],
)
def test_what_cannot_be_read_is_dropped(content_type: str) -> None:
    assert stored(content_type, encoded(NOTE)) == {"contentType": content_type}


@pytest.mark.parametrize("content_type", [None, 5, "Ann Doe", "x" * 500, "text/plain" * 30])
def test_an_attachment_without_a_media_type_is_dropped(content_type: Any) -> None:
    assert "data" not in stored(content_type, encoded(NOTE))


@pytest.mark.parametrize("data", [None, 5, "not base64!", "abc", ["QW5u"], ""])
def test_data_that_is_no_base64_is_dropped(data: Any) -> None:
    assert "data" not in stored("text/plain", data) or stored("text/plain", data)["data"] != data


def test_an_unknown_charset_is_read_as_utf_8() -> None:
    assert text_of(stored("text/plain; charset=klingon", encoded("Lives alone."))) == "Lives alone."


def test_a_report_is_scrubbed_like_a_document() -> None:
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r1",
        "presentedForm": [{"contentType": "text/plain", "data": encoded(NOTE)}],
        "conclusion": NOTE,
    }

    answer = cleaner("scrub").clean_batch([report])[0]

    assert isinstance(answer, CleanResource)
    assert "Quuxford" not in text_of(answer.body["presentedForm"][0])
    assert "conclusion" not in answer.body


def test_a_photo_is_dropped_with_everything_about_it() -> None:
    photo = {"contentType": "text/plain", "data": encoded(NOTE)}

    answer = cleaner("scrub").clean_batch(
        [{"resourceType": "Patient", "id": "17", "photo": [photo]}]
    )[0]

    assert isinstance(answer, CleanResource)
    assert "photo" not in answer.body


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("Sm<b>ith</b>", "Smith"),
        ("Sm<!-- x -->ith", "Smith"),
        ("S&#109;ith", "Smith"),
        ("<td>Ann</td><td>Doe</td>", "Ann Doe"),
        ("BP < 120 and > 60", "BP < 120 and > 60"),
        ("<" * 9, "<" * 9),
    ],
)
def test_markup_cannot_hide_a_name(markup: str, words: str) -> None:
    assert " ".join(without_markup(markup).split()) == words

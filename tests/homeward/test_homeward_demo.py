"""The parts of the demonstration that decide something."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from homeward.demo.card_view import card_html
from homeward.demo.own_files import own_source
from homeward.demo.stages import Stages
from homeward.errors import WrongCall

CARD = {
    "summary": "High risk <script>",
    "indicator": "critical",
    "detail": "**Why**\n\n- 3 stays \\(ever\\)\n- old & frail",
    "source": {"label": "Homeward"},
    "suggestions": [{"label": "Order a <b>call</b>"}],
}


def stay(number: int, ended: str, code: str = "IMP") -> dict[str, Any]:
    """An entry with an encounter of one patient."""
    return {
        "resource": {
            "resourceType": "Encounter",
            "id": f"e{number}",
            "status": "finished",
            "class": {"code": code},
            "subject": {"reference": "urn:uuid:ann"},
            "period": {"start": ended, "end": ended},
        }
    }


def bundle(folder: Path, *entries: dict[str, Any]) -> Path:
    """A Bundle file with a patient and these entries."""
    patient = {"resource": {"resourceType": "Patient", "id": "ann"}}
    whole = {"resourceType": "Bundle", "type": "collection", "entry": [patient, *entries]}
    (folder / "ann.json").write_text(json.dumps(whole))
    return folder


def test_a_stage_is_done_once_for_the_same_input_and_again_for_another(tmp_path: Path) -> None:
    done: list[int] = []

    def work() -> int:
        done.append(1)
        return len(done)

    results = [Stages(tmp_path, start).run("one", "One", work) for start in ("a", "a", "b")]

    assert results == [1, 1, 2]


def test_a_stage_that_breaks_is_begun_again_next_time(tmp_path: Path) -> None:
    def breaks() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Stages(tmp_path, "a").run("one", "One", breaks)

    assert Stages(tmp_path, "a").run("one", "One", lambda: "done") == "done"


def test_what_follows_a_stage_that_changed_is_done_again(tmp_path: Path) -> None:
    for start in ("a", "b"):
        stages = Stages(tmp_path, start)
        stages.run("one", "One", lambda: None)
        last = stages.run("two", "Two", lambda start=start: start)

    assert last == "b"


def test_own_stays_are_asked_about_once_their_outcome_can_be_known(tmp_path: Path) -> None:
    early, late = stay(1, "2024-01-05T10:00:00Z"), stay(2, "2024-03-01T10:00:00Z")

    source = own_source(bundle(tmp_path, early, late), frozenset({"IMP"}))

    assert source.until == date(2024, 3, 1)
    assert [(call.patient, call.encounter) for call in source.calls] == [("ann", "e1")]


def test_files_without_an_inpatient_stay_are_refused_with_the_setting_to_use(
    tmp_path: Path,
) -> None:
    folder = bundle(tmp_path, stay(1, "2024-01-05T10:00:00Z", code="AMB"))

    with pytest.raises(WrongCall, match="HOMEWARD_INPATIENT_CLASSES"):
        own_source(folder, frozenset({"IMP"}))


def test_a_card_on_the_page_shows_its_words_and_no_markup_of_theirs() -> None:
    page = card_html(CARD)

    assert "<script>" not in page
    assert "<b>" not in page
    assert "<li>3 stays (ever)</li><li>old &amp; frail</li>" in page
    assert "<strong>Why</strong>" in page

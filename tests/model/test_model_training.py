"""Training to scoring: the artefact is whole, it serves what it learned, and says why."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from etl.features.catalogue import NAMES, SCHEMA_HASH
from model.batch import scores
from model.errors import CorruptArtefact, SchemaMismatch
from model.evaluate import evaluate
from model.fit import Epoch, batch_size, stalled
from model.options import TrainOptions
from model.predictor import Predictor
from model.runtime.artefact import MANIFEST, verified_manifest
from model.train import train
from tests.support.features import NOTE_WIDTH, TELLING, drawn_rows, drawn_snapshot, empty_row

NOTES = [np.ones((2, NOTE_WIDTH), "float32")]


def test_the_artefact_holds_everything_that_serving_needs(trained: Path) -> None:
    manifest = verified_manifest(trained)

    assert manifest["schema_hash"] == SCHEMA_HASH
    assert manifest["snapshot"] == "drawn"
    assert set(manifest["files"]) == {
        "config.json", "vocabulary.json", "normalisation.json", "calibration.json",
        "metrics.json", "weights.npz", "test_answers.npz", "report.md", "card.md",
    }  # fmt: skip


def test_every_model_is_measured_on_the_same_patients_with_intervals(trained: Path) -> None:
    metrics = json.loads((trained / "metrics.json").read_text("utf-8"))

    assert list(metrics["models"]) == [
        "network", "lightgbm", "logistic_regression", "lace", "base_rate",
    ]  # fmt: skip
    auroc = metrics["models"]["network"]["auroc"]
    assert auroc["low"] < auroc["value"] < auroc["high"]
    assert metrics["models"]["base_rate"]["auroc"]["value"] == 0.5
    assert set(metrics["differences"]) == set(metrics["models"]) - {"network"}


def test_the_network_is_chosen_no_worse_than_the_regression_it_starts_from(trained: Path) -> None:
    losses = json.loads((trained / "metrics.json").read_text("utf-8"))["valid_losses"][0]

    assert min(losses) <= losses[0]


def test_report_and_card_are_written_in_words(trained: Path) -> None:
    report, card = ((trained / name).read_text("utf-8") for name in ("report.md", "card.md"))

    assert "| Homeward network |" in report
    assert "| LightGBM |" in report
    assert "$" not in card


def test_a_model_is_never_written_over(trained: Path, snapshot: Path) -> None:
    before = (trained / MANIFEST).read_bytes()

    with pytest.raises(FileExistsError, match="is not empty"):
        train(snapshot, trained, TrainOptions(epochs=1, draws=5, threads=1))

    assert (trained / MANIFEST).read_bytes() == before


def test_evaluation_repeats_what_training_measured(trained: Path, snapshot: Path) -> None:
    measured = json.loads((trained / "metrics.json").read_text("utf-8"))["models"]["network"]

    evaluation = evaluate(trained, snapshot, draws=10)

    assert evaluation.metrics["auroc"].value == pytest.approx(measured["auroc"]["value"])
    assert len(evaluation.probabilities) == len(evaluation.encounters)


def test_a_whole_snapshot_is_scored_mature_or_not(trained: Path, snapshot: Path) -> None:
    table = scores(trained, snapshot)

    assert table.num_rows == 600
    assert set(table["model_version"].to_pylist()) == {Predictor.load(trained).version}
    assert 0 < min(table["probability"].to_pylist()) < max(table["probability"].to_pylist()) < 1


def test_a_snapshot_of_other_vectors_is_not_judged(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(SchemaMismatch, match="encoder"):
        evaluate(trained, drawn_snapshot(tmp_path, 60, encoder="another"))


def test_a_score_is_a_probability_with_its_reasons_strongest_first(trained: Path) -> None:
    score = Predictor.load(trained).score(drawn_rows(1, seed=5)[0], NOTES)
    raising = [reason for reason in score.reasons if reason.contribution > 0]
    lowering = [reason for reason in score.reasons if reason.contribution < 0]

    assert 0 < score.probability < 1
    assert list(score.reasons) == raising + lowering
    for side in (raising, lowering):
        sizes = [abs(reason.contribution) for reason in side]
        assert sizes == sorted(sizes, reverse=True)
    assert all(reason.text for reason in score.reasons)


def test_one_patient_is_scored_alike_alone_and_among_many(trained: Path) -> None:
    predictor, rows = Predictor.load(trained), drawn_rows(12, seed=7)

    many = predictor.score_many(rows, [NOTES] * len(rows))

    alone = [predictor.score(row, NOTES).probability for row in rows]
    np.testing.assert_allclose(many, alone, atol=1e-6)


def test_more_earlier_stays_mean_more_risk_and_are_named(trained: Path) -> None:
    predictor, place = Predictor.load(trained), NAMES.index(TELLING)
    row = drawn_rows(1, seed=5)[0]
    few, many = (_with(row, place, stays) for stays in (0.0, 8.0))

    risen = predictor.score(many)

    assert risen.probability > predictor.score(few).probability
    reason = next(reason for reason in risen.reasons if reason.factor == "prior_stays")
    assert "8 hospital stays in the 365 days before" in reason.text


def test_a_patient_of_whom_nothing_is_known_is_scored_without_reasons(trained: Path) -> None:
    score = Predictor.load(trained).score(empty_row())

    assert 0 < score.probability < 1
    assert (score.reasons, score.inputs_known, score.inputs_total) == ((), 0, len(NAMES))


def test_the_model_is_named_by_its_files_alone(trained: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(trained, tmp_path / "copy")

    assert Predictor.load(copy).version == Predictor.load(trained).version


@pytest.mark.parametrize("name", ["weights.npz", "calibration.json", "vocabulary.json"])
def test_a_changed_file_is_refused_by_name(trained: Path, tmp_path: Path, name: str) -> None:
    copy = shutil.copytree(trained, tmp_path / "copy")
    with (copy / name).open("ab") as file:
        file.write(b" ")

    with pytest.raises(CorruptArtefact, match=f"{name} is not the file that was trained"):
        Predictor.load(copy)


def test_missing_files_are_refused_with_a_word(trained: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(trained, tmp_path / "copy")
    (copy / "weights.npz").unlink()

    with pytest.raises(CorruptArtefact, match=r"weights\.npz is missing"):
        Predictor.load(copy)
    (copy / MANIFEST).write_text("{", "utf-8")
    with pytest.raises(CorruptArtefact, match=r"manifest\.json cannot be read"):
        Predictor.load(copy)


def test_a_model_of_another_catalogue_is_not_served(trained: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(trained, tmp_path / "copy")
    manifest = json.loads((copy / MANIFEST).read_text("utf-8"))
    (copy / MANIFEST).write_text(json.dumps({**manifest, "schema_hash": "0" * 64}), "utf-8")

    with pytest.raises(SchemaMismatch, match="trained on feature schema 000000000000"):
        Predictor.load(copy)


def test_training_stops_when_patience_is_spent_and_not_before() -> None:
    losses = (0.40, 0.35, 0.36, 0.35000001)
    epochs = [Epoch(number, 0.0, loss) for number, loss in enumerate(losses)]

    assert stalled(epochs, 2)
    assert not stalled(epochs, 3)


def test_few_rows_are_learned_in_small_batches() -> None:
    assert [batch_size(rows, 512) for rows in (100, 4000, 70_000)] == [32, 100, 512]


def _with(row, place: int, value: float):  # noqa: ANN001, ANN202 - a FeatureRow
    from dataclasses import replace

    return replace(row, values=(*row.values[:place], value, *row.values[place + 1 :]))

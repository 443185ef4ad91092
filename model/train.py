"""Train, calibrate, compare and write a model: what `homeward train` runs.

snapshot ─ Dataset ─ regression ─ network(s) ─ calibration on valid ─ judged on test ─ artefact
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from model import baselines
from model.artefact import Trained, refuse_to_write_over, write_artefact
from model.calibrate import fit_calibration
from model.dataset import Dataset, batches_in_order, load
from model.errors import SchemaMismatch
from model.fit import Epoch, fit
from model.intervals import Judged, judge
from model.metrics import Floats, log_loss
from model.network import weights_of
from model.options import TrainOptions
from model.report import card, report
from model.runtime.arithmetic import sigmoid
from model.runtime.calibration import Calibration
from model.runtime.encoder import encoder_hash
from model.runtime.network import RuntimeNetwork
from model.split import PARTS, Part

Progress = Callable[[str], None]

SCORING_BATCH = 512


def _silent(_: str) -> None:
    """Report nothing."""


def train(
    snapshot: Path, out: Path, options: TrainOptions | None = None, progress: Progress = _silent
) -> Path:
    """Learn from a snapshot and write the model's directory.

    Args:
        snapshot: Directory of one snapshot of `homeward features`.
        out: Directory to make; must not exist or be empty.
        options: What to deviate from the defaults in.
        progress: Called with a line of words now and then.

    Returns:
        `out`.

    Raises:
        BadSnapshot: A table is missing.
        TooFewRows: A part has too few patients or no readmission.
        SchemaMismatch: The snapshot was made by another catalogue or note encoder.
        FileExistsError: `out` holds something; a trained model is never written over.
    """
    options = options or TrainOptions()
    refuse_to_write_over(Path(out))
    data = load(snapshot, feature_names(options), options.min_count, options.split)
    encoder = checked_encoder(data, options.note_encoder)
    progress(f"{len(data.examples)} discharges, {len(data.vocabulary)} codes")
    regression = baselines.logistic_regression(data)
    progress("logistic regression is fitted")
    members, epochs = fit_members(data, regression, options, progress)
    calibration = fit_calibration(
        data.labels("valid"), logits(members, data, "valid"), float(data.labels("train").mean())
    )
    answers = all_answers(data, members, calibration, regression, options)
    progress("comparing with the baselines")
    judged = judge(data.labels("test"), answers, data.patients("test"), options.draws, options.seed)
    facts = facts_of(data, len(members), encoder)
    trained = Trained(
        members=members,
        vocabulary=data.vocabulary,
        normalisation=data.normalisation,
        calibration=calibration,
        metrics=metrics_json(judged, facts, epochs),
        answers={**answers, "labels": data.labels("test")},
        texts={"report.md": report(judged, facts), "card.md": card(judged, facts)},
        origin={name: facts[name] for name in ("schema_hash", "snapshot", "encoder", "label_spec")},
    )
    return write_artefact(trained, out, options.note_encoder)


def feature_names(options: TrainOptions) -> tuple[str, ...]:
    """Names of the values: those given, or the catalogue's."""
    if options.features is not None:
        return options.features
    from etl.features.catalogue import NAMES

    return tuple(NAMES)


def checked_encoder(data: Dataset, folder: Path | None) -> str | None:
    """Hash of the encoder whose vectors the snapshot holds.

    Raises:
        SchemaMismatch: `folder` holds another encoder than the one that made the vectors.
    """
    of_snapshot = data.examples.manifest.get("encoder")
    if folder is not None and of_snapshot and encoder_hash(folder) != of_snapshot:
        raise SchemaMismatch(str(of_snapshot), encoder_hash(folder))
    return str(of_snapshot) if of_snapshot else None


def fit_members(
    data: Dataset, start: baselines.Regression, options: TrainOptions, progress: Progress
) -> tuple[tuple[RuntimeNetwork, ...], list[list[Epoch]]]:
    """The networks whose mean has the least validation log loss, in the form that serves.

    Half of them begin at the regression and half at the base rate; the choice is between either
    half and both together.
    """
    begun: dict[str, list[RuntimeNetwork]] = {"regression": [], "base rate": []}
    histories = []
    for name, beginning in (("regression", start), ("base rate", None)):
        for seed in range(options.seed, options.seed + options.members):
            progress(f"a network that begins at the {name}")
            network, epochs = fit(data, beginning, options, seed, progress)
            served = RuntimeNetwork(network.config, data.normalisation, weights_of(network))
            begun[name].append(served)
            histories.append(epochs)
    both = begun["regression"] + begun["base rate"]
    candidates = [tuple(begun["regression"]), tuple(begun["base rate"]), tuple(both)]
    chosen = min(candidates, key=lambda members: valid_loss(members, data))
    progress(f"{len(chosen)} of {len(both)} networks answer together")
    return chosen, histories


def valid_loss(members: tuple[RuntimeNetwork, ...], data: Dataset) -> float:
    """Log loss of the members' mean on the validation part."""
    labels = data.labels("valid")
    return log_loss(labels, sigmoid(logits(members, data, "valid")), np.ones(len(labels)))


def logits(members: tuple[RuntimeNetwork, ...], data: Dataset, part: Part) -> Floats:
    """Mean log-odds of the members for every row of a part, by the code that serves."""
    rows = data.parts[part]
    found = np.empty(len(rows))
    for places, inputs in batches_in_order(data.encoded, rows, SCORING_BATCH):
        found[places] = np.mean([member(inputs) for member in members], axis=0)
    return found


def all_answers(
    data: Dataset,
    members: tuple[RuntimeNetwork, ...],
    calibration: Calibration,
    regression: baselines.Regression,
    options: TrainOptions,
) -> dict[str, Floats]:
    """Probabilities of every model for the test part; ours first."""
    design = baselines.linear_design(data.encoded, data.normalisation, len(data.vocabulary))
    boosted = baselines.boosting(data, options.seed, options.threads)
    answers = {
        "network": calibration.probabilities(logits(members, data, "test")),
        "lightgbm": baselines.recalibrated(data, boosted),
        "logistic_regression": sigmoid(regression.logits(design[data.parts["test"]])),
    }
    if "lace" in data.normalisation.features:
        answers["lace"] = baselines.lace(data, "test")
    return {**answers, "base_rate": baselines.base_rate(data, "test")}


def facts_of(data: Dataset, members: int, encoder: str | None) -> dict[str, Any]:
    """Where the model came from and how many there were of what."""
    manifest = data.examples.manifest
    return {
        "snapshot": manifest.get("id", "unnamed"),
        "schema_hash": manifest.get("schema_hash", ""),
        "label_spec": manifest.get("label_spec", ""),
        "encoder": encoder,
        "members": members,
        "parts": {part: _counts(data, part) for part in PARTS},
    }


def metrics_json(
    judged: Judged, facts: dict[str, Any], epochs: list[list[Epoch]]
) -> dict[str, Any]:
    """Everything measured, as `metrics.json` holds it."""
    return {
        **facts,
        "models": _plain(judged.metrics),
        "differences": _plain(judged.differences),
        "valid_losses": [[epoch.valid_loss for epoch in history] for history in epochs],
    }


def _plain(estimates: dict[str, Any]) -> dict[str, Any]:
    return {
        model: {name: estimate.as_json() for name, estimate in metrics.items()}
        for model, metrics in estimates.items()
    }


def _counts(data: Dataset, part: Part) -> dict[str, int]:
    return {
        "patients": len(set(data.patients(part))),
        "rows": len(data.parts[part]),
        "events": int(data.labels(part).sum()),
    }

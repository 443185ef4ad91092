"""All stages of the UCI benchmark, one after the other, timed."""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.clock import measured, utc_now
from bench.uci import stages
from bench.uci.database import fresh_database
from bench.uci.files import write_fhir
from bench.uci.outcome import judged, write_predictions
from bench.uci.rows import Stay
from homeward.house import House
from model.options import TrainOptions

MADE_ANEW = ("fhir", "home", "model")
Parts = Mapping[str, Sequence[Stay]]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run is done.

    Attributes:
        out: Folder for everything; what an earlier run left there is removed.
        options: Of the training; its `split` is set by the run.
        workers: Processes that ingest.
        master: Of Spark.
    """

    out: Path
    options: TrainOptions
    workers: int = 2
    master: str = "local[*]"


@dataclass(slots=True)
class Stopwatch:
    """Seconds that each stage took, in the order they ran."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block, and say on standard error when it is done."""
        with measured() as spent:
            yield
        self.seconds[name] = round(spent.wall_s, 1)
        sys.stderr.write(f"{name}: {spent.wall_s:.1f} s\n")


def run(parts: Parts, plan: Plan) -> dict[str, Any]:
    """Convert, ingest, make features, check the labels, train and score.

    Args:
        parts: Stays of `train` and of `test`, no patient in both.
        plan: How.

    Returns:
        What `report.json` holds, but for the machine.

    Raises:
        LabelsDisagree: A computed label is not the published one; nothing is trained.
    """
    began, watch = utc_now(), Stopwatch()
    for name in MADE_ANEW:
        shutil.rmtree(plan.out / name, ignore_errors=True)
    with watch.stage("convert"):
        written = write_fhir([*parts["train"], *parts["test"]], plan.out / "fhir")
    with (
        fresh_database(plan.out / "postgres") as url,
        closing(stages.benchmark_house(plan.out / "home", url)) as house,
    ):
        stored = stored_and_labelled(house, parts, plan, watch)
        learned = learned_and_scored(house, parts, plan, watch)
    return {
        "benchmark": "uci-diabetes-130",
        "measured_at": began.isoformat(timespec="seconds"),
        "resources": dict(written),
        "test": described(parts["test"]),
        **stored,
        **learned,
        "seconds": watch.seconds,
    }


def stored_and_labelled(house: House, parts: Parts, plan: Plan, watch: Stopwatch) -> dict[str, Any]:
    """What ingestion, Spark and the label logic made of the files."""
    with watch.stage("ingest"):
        ingested = stages.store(house, plan.out / "fhir", plan.workers)
    with watch.stage("features"):
        manifest = stages.make_features(house, plan.master)
    labels = stages.check_labels(house, [*parts["train"], *parts["test"]])
    return {
        "ingest": ingested.as_dict()["total"],
        "snapshot": {"id": manifest.id, "counts": dict(manifest.counts)},
        "labels": labels.as_json(),
    }


def learned_and_scored(house: House, parts: Parts, plan: Plan, watch: Stopwatch) -> dict[str, Any]:
    """What the network learned, and how good it is on the test part.

    The figures of ours are those of predictions.csv; those of the others, and the differences, come
    from the training run, which judged all of them on the same stays.
    """
    split = stages.write_split(plan.out / "split.csv", parts, house.keys)
    with watch.stage("train"):
        artefact = stages.learn(house, plan.out / "model", replace(plan.options, split=split))
    with watch.stage("score"):
        probabilities = stages.score(house, artefact, parts["test"])
    write_predictions(plan.out / "predictions.csv", parts["test"], probabilities)
    measured_there = json.loads((artefact / "metrics.json").read_text(encoding="utf-8"))
    ours = judged(parts["test"], probabilities, plan.options.draws)
    metrics = measured_there["models"]
    metrics["network"] = {name: figure.as_json() for name, figure in ours.items()}
    return {
        "model": json.loads((artefact / "manifest.json").read_text(encoding="utf-8"))["version"],
        "parts": measured_there["parts"],
        "metrics": metrics,
        "differences": measured_there["differences"],
    }


def described(stays: Sequence[Stay]) -> dict[str, int]:
    """How many stays of a part are scored, of how many patients, and how many came back."""
    scored = [stay for stay in stays if stay.is_scored]
    return {
        "rows": len(stays),
        "stays": len(scored),
        "patients": len({stay.patient_nbr for stay in scored}),
        "readmitted": sum(stay.is_readmitted for stay in scored),
    }

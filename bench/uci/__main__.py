"""Readmission on real stays: `python -m bench.uci --train A.csv.gz --test B.csv.gz --out DIR`.

The rows become FHIR R4, go through ingestion and Spark like any other data, and are learned from
and scored. DIR then holds `predictions.csv`, `report.json` and `report.md`;
docs/how-to/benchmarks.md says what they mean. `python -m bench.uci.split` makes the two files.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.machine import this_machine
from bench.uci.agreement import LabelsDisagree
from bench.uci.outcome import write_report
from bench.uci.rows import Stay, UnusableFile, read_stays
from bench.uci.run import Plan, run
from model.options import TrainOptions


def read_parts(train: Path, test: Path) -> dict[str, list[Stay]]:
    """The stays of both files.

    Raises:
        UnusableFile: A file is not the UCI table, or a patient or a stay is in both.
    """
    parts = {"train": read_stays(train), "test": read_stays(test)}
    both = {stay.patient_nbr for stay in parts["train"]} & {
        stay.patient_nbr for stay in parts["test"]
    }
    if both:
        raise UnusableFile(
            f"{len(both)} patients are in both files. Split by patient: "
            "python -m bench.uci.split FILE --out DIR."
        )
    return parts


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the call, run, print the report; 2 for unusable files, 1 for labels that disagree."""
    parser = argparse.ArgumentParser(prog="python -m bench.uci", description=__doc__)
    parser.add_argument("--train", type=Path, required=True, help="stays to learn from")
    parser.add_argument("--test", type=Path, required=True, help="stays to be judged on")
    parser.add_argument("--out", type=Path, required=True, help="folder for everything")
    parser.add_argument("--workers", type=int, default=2, help="processes that ingest")
    parser.add_argument("--master", default="local[*]", help="Spark master")
    parser.add_argument("--seed", type=int, default=0, help="of the training")
    parser.add_argument("--members", type=int, default=1, help="networks that are averaged")
    parser.add_argument("--draws", type=int, default=500, help="of the bootstrap")
    given = parser.parse_args(arguments)
    machine = this_machine()
    options = TrainOptions(seed=given.seed, members=given.members, draws=given.draws)
    try:
        parts = read_parts(given.train, given.test)
        report = run(parts, Plan(given.out, options, given.workers, given.master))
    except (UnusableFile, LabelsDisagree) as error:
        sys.stderr.write(f"bench.uci: {error}\n")
        return 2 if isinstance(error, UnusableFile) else 1
    print(write_report(given.out, report, machine))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Every feature of the product, in the order of `FeatureRow.values`.

`python -m etl.features.catalogue` writes `docs/reference/features.md`; a test holds them equal.
A feature is defined once: in the group that also computes it (docs/decisions/0007).
"""

import hashlib
from itertools import groupby

from etl.features import (
    comorbidities,
    encounter_facts,
    measurements,
    medicines,
    person,
    prior_use,
    scores,
    this_stay,
    written,
)
from etl.features.feature import Feature

VERSION = 1  # goes up when a name keeps its place but its rule changes

CATALOGUE: tuple[Feature, ...] = (
    *person.FEATURES,
    *this_stay.FEATURES,
    *prior_use.FEATURES,
    *comorbidities.FEATURES,
    *measurements.FEATURES,
    *medicines.FEATURES,
    *written.FEATURES,
    *encounter_facts.FEATURES,
    *scores.FEATURES,
)
NAMES: tuple[str, ...] = tuple(feature.name for feature in CATALOGUE)
BY_NAME = {feature.name: feature for feature in CATALOGUE}
SCHEMA_HASH = hashlib.sha256("\n".join([str(VERSION), *NAMES]).encode()).hexdigest()

INTRODUCTION = """# Features

Reference. Written by `python -m etl.features.catalogue`; do not edit.

Each row is one number the model sees of a patient at one moment. A value that the record does not
hold is NaN, never a silent zero. No feature looks at a calendar date, month or season.
"""
HEAD = "| name | meaning | unit | from | looks at | can change |\n|---|---|---|---|---|---|"


def as_markdown() -> str:
    """The reference page: one table for each clinical factor, in catalogue order."""
    ordered = sorted(CATALOGUE, key=lambda feature: feature.factor)
    sections = [
        "\n".join([f"## {factor.replace('_', ' ').capitalize()}", "", HEAD, *map(as_row, group)])
        for factor, group in groupby(ordered, key=lambda feature: feature.factor)
    ]
    return "\n\n".join([f"{INTRODUCTION}\n{len(CATALOGUE)} features.", *sections]) + "\n"


def as_row(feature: Feature) -> str:
    """One line of the table."""
    cells = [
        f"`{feature.name}`", feature.meaning, feature.unit, feature.source, feature.window,
        "yes" if feature.modifiable else "",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    import sys

    sys.stdout.write(as_markdown())

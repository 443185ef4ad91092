"""Whether a run may carry on the snapshot before it, and which of its patients it must redo.

An incremental run redoes the patients touched since, and those with a discharge that was not
mature: time alone may have ripened it. Every other patient's rows would come out as they are.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds

from etl.rules import SiteRules
from etl.snapshots import SnapshotManifest, SnapshotMissing, read_manifest

END = "observed_until"


@dataclass(frozen=True, slots=True)
class Basis:
    """What must be the same for rows of one run to stand beside rows of another.

    Attributes:
        site: The tenant.
        schema_hash: Digest of the feature catalogue.
        rules: The site's rules, as `rules_as_json` writes them.
    """

    site: str
    schema_hash: str
    rules: Mapping[str, Any]


def snapshot_to_carry_on(home: Path, basis: Basis) -> SnapshotManifest | None:
    """The current snapshot when its rows may be kept; None when all must be computed anew."""
    try:
        before = read_manifest(home)
    except SnapshotMissing:
        return None
    return before if may_carry_on(before, basis) else None


def may_carry_on(before: SnapshotManifest, basis: Basis) -> bool:
    """Same site, features and rules, and an end of observation that has not moved back."""
    same = (before.site, before.schema_hash) == (basis.site, basis.schema_hash)
    old, new = dict(before.rules), dict(basis.rules)
    ends = old.pop(END, None), new.pop(END, None)
    return same and old == new and not moved_back(*ends)


def moved_back(old: str | None, new: str | None) -> bool:
    """Whether `new` is earlier than `old`; None is the end of time."""
    if old is None or new is None:
        return old != new and new is not None
    return datetime.fromisoformat(new) < datetime.fromisoformat(old)


def rules_as_json(rules: SiteRules) -> dict[str, Any]:
    """The rules with sets as sorted lists and moments as ISO 8601 text."""
    return {name: _plain(value) for name, value in asdict(rules).items()}


def unripe(labels: Path) -> set[str]:
    """Ids of the patients with a discharge that was not mature: those of the last month or so."""
    waiting = ds.dataset(labels, format="parquet").to_table(
        columns=["patient_id"], filter=ds.field("label").is_null()
    )
    return set(waiting["patient_id"].to_pylist())


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    return value.isoformat() if isinstance(value, datetime) else value

"""The computed label must be the published one, for every stay: checked, counted, never assumed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from bench.uci.rows import Stay
from bench.uci.rules import OUTSIDE_REASON, UNSCORED_REASONS
from privacy.keys import SiteKeys
from privacy.pseudonyms import pseudonym


class LabelsDisagree(AssertionError):
    """Some stay was labelled otherwise than published, or not at all."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How the rows of the file went through the label logic.

    Attributes:
        stays: Rows of the file.
        scored: Stays with a computed label; every one is the published label.
        readmitted: Of these, labelled `<30`.
        excluded: Rows without a label, by reason.
        beyond_the_file: Readmissions that only the label speaks of; they are no index.
    """

    stays: int
    scored: int
    readmitted: int
    excluded: Mapping[str, int]
    beyond_the_file: int

    def as_json(self) -> dict[str, object]:
        """The same, for a JSON file."""
        return asdict(self)


def encounter_pseudonym(stay: Stay, keys: SiteKeys) -> str:
    """The name of the stay in the store, computed again from its real number."""
    return pseudonym(keys, "Encounter", str(stay.encounter_id))


def agreement(
    stays: Sequence[Stay],
    computed: Mapping[str, bool | None],
    ledger: Sequence[tuple[str, str]],
    keys: SiteKeys,
) -> Agreement:
    """Compare every row of the file with what the label logic made of it.

    Args:
        stays: Every row.
        computed: Label by pseudonym of the encounter.
        ledger: Pseudonym and reason of each encounter that is no index discharge.
        keys: By which pseudonyms are computed.

    Raises:
        LabelsDisagree: A label differs, a scored stay has none, or another stay has one.
    """
    names = {encounter_pseudonym(stay, keys): stay for stay in stays}
    published = {name: stay.is_readmitted for name, stay in names.items() if stay.is_scored}
    wrong = [name for name, label in published.items() if computed.get(name) is not label]
    strange = computed.keys() - published.keys()
    if wrong or strange:
        raise LabelsDisagree(
            f"{len(wrong)} of {len(published)} scored stays were not given their published label, "
            f"and {len(strange)} stays have a label that should have none. The converter or the "
            "label logic is wrong; nothing was scored."
        )
    excluded = Counter(reason for name, reason in ledger if name in names)
    _expect_only_deaths_and_hospice(excluded)
    return Agreement(
        stays=len(stays),
        scored=len(published),
        readmitted=sum(published.values()),
        excluded=dict(sorted(excluded.items())),
        beyond_the_file=sum(
            name not in names and reason == OUTSIDE_REASON for name, reason in ledger
        ),
    )


def _expect_only_deaths_and_hospice(excluded: Mapping[str, int]) -> None:
    others = sorted(excluded.keys() - UNSCORED_REASONS)
    if others:
        raise LabelsDisagree(
            f"Stays were excluded as {', '.join(others)}; only deaths and hospice may be."
        )

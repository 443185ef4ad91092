"""Everything that labelling refuses.

LabelError
└── UnknownLabelSpec    the rules name a specification that has no file
"""

from collections.abc import Sequence

from etl.errors import EtlError


class LabelError(EtlError):
    """Root of the family."""


class UnknownLabelSpec(LabelError):  # what it is, not that it is one
    """The site names a label specification that nobody wrote down."""

    def __init__(self, label_spec: str, known: Sequence[str]) -> None:
        super().__init__(
            f"There is no label specification {label_spec!r}. "
            f"Known are: {', '.join(known)}; add etl/labels/<name>.toml for another year."
        )

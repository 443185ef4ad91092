"""The generated parts of `docs/reference/hl7-v2.md`, and a way to write them anew.

    python -m tests.support.hl7v2_page FOLDER

FOLDER holds the reference messages, for the figures of agreement.
"""

import sys
from pathlib import Path

from fhir_api.hl7v2.conversion.reference import codes_table, events_table
from tests.support.hl7v2 import VOCABULARY
from tests.support.hl7v2_agreement import as_markdown

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "hl7-v2.md"


def marks(name: str) -> tuple[str, str]:
    """What stands before and after a part."""
    return f"<!-- begin {name} -->\n", f"<!-- end {name} -->"


def part(name: str) -> str:
    """A part of the page as it stands."""
    begin, end = marks(name)
    return PAGE.read_text(encoding="utf-8").partition(begin)[2].partition(end)[0].strip()


def made(name: str, folder: Path | None = None) -> str:
    """A part of the page as it should stand."""
    if name == "agreement" and folder is not None:
        return as_markdown(folder)
    return {"events": events_table, "codes": codes_table}[name](VOCABULARY)


def write(folder: Path) -> None:
    """Write the generated parts into the page."""
    text = PAGE.read_text(encoding="utf-8")
    for name in ("events", "codes", "agreement"):
        begin, end = marks(name)
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}{made(name, folder)}\n{end}{rest.partition(end)[2]}"
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))

"""Where a discharge went: one word for each of the many code lists (`dispositions.toml`)."""

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("dispositions.toml")
DIED = "died"
HOSPICE = "hospice"
AGAINST_ADVICE = "against_advice"
ACUTE_HOSPITAL = "acute_hospital"


@cache
def words() -> dict[str, str]:
    """Our word for each code of the table."""
    table: dict[str, list[str]] = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {code: word for word, codes in table.items() for code in codes}


def destination(pairs: Iterable[str]) -> str | None:
    """The word for a disposition given as `system//code`; None for one we do not know.

    >>> destination(["http://terminology.hl7.org/CodeSystem/discharge-disposition//snf"])
    'nursing_facility'
    """
    for pair in pairs:
        system, _, code = pair.rpartition("//")
        word = words().get(f"{system}|{code}") or words().get(code)
        if word:
            return word
    return None

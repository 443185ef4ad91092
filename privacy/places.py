"""Addresses, cut to what may be told: country, state, and three digits of the ZIP code.

45 CFR 164.514(b)(2)(i)(B): the first three digits of a ZIP code may stay only if by current census
data the areas that begin with them hold more than 20,000 people together; all others become 000.
`zip3.txt` lists those that may stay. It is made from the ZCTA table of the 2020 census (public
domain): add up the population of all ZCTAs by their first three digits, keep sums above 20,000.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from privacy.rules import Visit, code, with_extensions

STATES = Path(__file__).with_name("us_states.txt")
ZIP3 = Path(__file__).with_name("zip3.txt")
FEW_PEOPLE = "000"
US_ZIP = re.compile(r"([0-9]{3})([0-9]{2}([ -]?[0-9]{4})?)?")
UNITED_STATES = frozenset({"us", "usa", "united states", "united states of america"})
COUNTRY = re.compile(r"[A-Z]{2,3}")


def read_lines(path: Path) -> frozenset[str]:
    """The lines of a list, without its comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))


def read_zip3() -> frozenset[str]:
    """The three-digit ZIP areas with more than 20,000 people."""
    return frozenset(area for line in read_lines(ZIP3) for area in line.split())


class Places:
    """The rule for addresses, over one list of ZIP areas."""

    def __init__(self, areas: frozenset[str]) -> None:
        self._areas = areas
        self._states = read_lines(STATES)

    def address(self, value: Any, visit: Visit) -> Any:
        """Use, type, country, state and ZIP area of an address; all else is dropped."""
        if not isinstance(value, Mapping):
            return None
        kept = {name: code(value.get(name), visit) for name in ("use", "type")}
        kept["country"] = _country(value.get("country"))
        state = value.get("state")
        kept["state"] = state if isinstance(state, str) and state in self._states else None
        if _is_american(value.get("country")):
            kept["postalCode"] = self.zip_area(value.get("postalCode"))
        return with_extensions({name: v for name, v in kept.items() if v}, value, visit)

    def zip_area(self, postal_code: Any) -> str | None:
        """Three digits of a US ZIP code, 000 where few people live, None for what is no ZIP code.

        >>> places = Places(frozenset({"021"}))
        >>> places.zip_area("02139-4307"), places.zip_area("03601"), places.zip_area("SW1A 1AA")
        ('021', '000', None)
        """
        match = US_ZIP.fullmatch(postal_code.strip()) if isinstance(postal_code, str) else None
        if match is None:
            return None
        return match[1] if match[1] in self._areas else FEW_PEOPLE


def _is_american(country: Any) -> bool:
    return country is None or (isinstance(country, str) and country.lower() in UNITED_STATES)


def _country(country: Any) -> str | None:
    if not isinstance(country, str):
        return None
    if country.lower() in UNITED_STATES:
        return "US"
    return country if COUNTRY.fullmatch(country) else None

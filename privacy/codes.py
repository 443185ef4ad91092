"""Codes, quantities, identifiers and web addresses: what the lists of the policy let through."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from privacy.keys import SiteKeys
from privacy.policy import Policy
from privacy.pseudonyms import identifier_token
from privacy.rules import NUMBERS, Visit, unit, with_extensions

LONGEST_URI, LONGEST_SYSTEM = 255, 200
WEB_ADDRESS = re.compile(r"(?!.*[0-9]{7})[A-Za-z0-9:/.#?=&|_%+-]+")
SIGNS = frozenset({"<", "<=", ">=", ">"})
KNOWN_SYSTEMS, KNOWN_CODES = 4096, 65536  # decisions remembered; more are made anew
OLDEST_AGE = {
    **dict.fromkeys(("a", "yr", "yrs", "y", "year", "years", "y/o", "yo"), 90),
    **dict.fromkeys(("mo", "month", "months"), 90 * 12),
    **dict.fromkeys(("wk", "week", "weeks"), 90 * 52),
    **dict.fromkeys(("d", "day", "days"), 90 * 365),
}  # 45 CFR 164.514(b)(2)(i)(C): ages over 89 are one class


class Codes:
    """The rules that ask the policy's lists."""

    def __init__(self, policy: Policy, keys: SiteKeys) -> None:
        self._keys = keys
        self._shapes: dict[str, re.Pattern[str] | None] = dict(policy.code_shapes)
        self._listed: dict[tuple[str, str], bool] = {}
        self._code_roots = policy.roots("code-systems", "roots", "systems")
        self._shape_of_roots = re.compile(policy.raw["code-systems"]["roots"]["shape"])
        self._uri_roots = policy.roots("uris", "roots")
        self._identifier_systems = frozenset(policy.roots("identifier-systems", "keep"))

    def coding(self, value: Any, visit: Visit) -> Any:
        """System and code of a Coding whose system is listed and whose code has its shape."""
        if type(value) is not dict:
            return None
        system, word = value.get("system"), value.get("code")
        kept: dict[str, Any] = {}
        if type(word) is str and self.is_listed(system, word):
            kept = {"system": system, "code": word}
            if type(value.get("userSelected")) is bool:
                kept["userSelected"] = value["userSelected"]
        return with_extensions(kept, value, visit)

    def is_listed(self, system: Any, word: str) -> bool:
        """True when `word` may be a code of `system` and the policy lists that system."""
        if type(system) is not str:
            return False
        pair = (system, word)
        if pair in self._listed:
            return self._listed[pair]
        shape = self._shape(system)
        is_listed = shape is not None and shape.fullmatch(word) is not None
        if len(self._listed) < KNOWN_CODES and len(word) <= LONGEST_SYSTEM:
            self._listed[pair] = is_listed
        return is_listed

    def quantity(self, value: Any, visit: Visit) -> Any:
        """Value, comparator, unit and coded unit; an age, or a span as long as one, ends at 90."""
        if type(value) is not dict:
            return None
        kept: dict[str, Any] = {}
        if type(value.get("value")) in NUMBERS:
            kept["value"] = _at_most_ninety(value["value"], value.get("code") or value.get("unit"))
        if isinstance(sign := value.get("comparator"), str) and sign in SIGNS:
            kept["comparator"] = sign
        if name := unit(value.get("unit"), visit):
            kept["unit"] = name
        word = unit(value.get("code"), visit)
        if word and self.is_listed(value.get("system"), word):
            kept |= {"system": value["system"], "code": word}
        return with_extensions(kept, value, visit)

    def identifier(self, value: Any, visit: Visit) -> Any:
        """System and keyed token of an identifier whose system is listed."""
        if not isinstance(value, Mapping):
            return None
        system, number = value.get("system"), value.get("value")
        if not (isinstance(system, str) and isinstance(number, str)):
            return None
        if system not in self._identifier_systems:
            return None
        kept = {"system": system, "value": identifier_token(self._keys, system, number)}
        return with_extensions(kept, value, visit)

    def known_uri(self, value: Any, _visit: Visit) -> str | None:
        """A web address under one of the listed roots, without what looks like a number."""
        if type(value) is not str or len(value) > LONGEST_URI:
            return None
        is_known = value.startswith(self._uri_roots) and WEB_ADDRESS.fullmatch(value)
        return value if is_known else None

    def _shape(self, system: str) -> re.Pattern[str] | None:
        if system in self._shapes:
            return self._shapes[system]
        is_known = len(system) <= LONGEST_SYSTEM and system.startswith(self._code_roots)
        shape = self._shape_of_roots if is_known and WEB_ADDRESS.fullmatch(system) else None
        if len(self._shapes) < KNOWN_SYSTEMS and len(system) <= LONGEST_SYSTEM:
            self._shapes[system] = shape
        return shape


def _at_most_ninety(value: Any, unit_of_time: Any) -> Any:
    oldest = OLDEST_AGE.get(unit_of_time) if isinstance(unit_of_time, str) else None
    if oldest is None or value <= oldest:
        return value
    return Decimal(oldest) if type(value) is Decimal else oldest

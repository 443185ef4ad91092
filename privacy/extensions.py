"""Extensions: an allow-list of addresses; a value stays by the rule of its data type, text never.

https://hl7.org/fhir/R4/extensibility.html. What is not listed is dropped and counted by address. A
modifier extension may turn the meaning of its resource round, so an unknown one refuses it.
"""

import re
from collections.abc import Mapping
from typing import Any

from privacy.policy import Policy
from privacy.rules import Refused, Rule, Visit, count_dropped

OWN_ADDRESS = re.compile(r"(?!.*[0-9]{6})https?://[A-Za-z0-9./_-]{1,200}")
OWN_PART = re.compile(r"[A-Za-z][A-Za-z-]{0,39}")


class Extensions:
    """The rules for `extension` and `modifierExtension`.

    Args:
        policy: Lists the addresses and the parts of each.
        values: Rule by JSON name (`valueCode`, …), filled in when the tables are compiled.
    """

    def __init__(self, policy: Policy, values: Mapping[str, Rule]) -> None:
        self._named = policy.extensions
        self._roots = policy.roots("extensions", "roots")
        self._modifiers = policy.raw["modifier-extensions"]
        self._modifier_roots = policy.roots("modifier-extensions", "roots")
        self._values = values

    def extension(self, items: Any, visit: Visit) -> Any:
        """The listed ones of a list of extensions."""
        if not isinstance(items, list):
            return None
        return [kept for item in items if (kept := self._one(item, visit))] or None

    def modifier(self, items: Any, visit: Visit) -> Any:
        """Modifier extensions, all understood.

        Raises:
            Refused: One is not in the policy's list.
        """
        for position, item in enumerate(items if isinstance(items, list) else [items]):
            url = item.get("url") if isinstance(item, Mapping) else None
            if not self._is_known_modifier(url):
                why = "is not understood and may turn the meaning round; send it without"
                raise Refused(f"The modifier extension {why}.", [position])
        return [kept for item in items if (kept := self._with_parts(item, visit, None))] or None

    def _is_known_modifier(self, url: Any) -> bool:
        if not isinstance(url, str) or url == "roots":
            return False
        return url in self._modifiers or _is_own(url, self._modifier_roots)

    def _one(self, item: Any, visit: Visit) -> dict[str, Any] | None:
        url = item.get("url") if isinstance(item, Mapping) else None
        if isinstance(url, str) and url in self._named:
            return self._with_parts(item, visit, self._named[url])
        if isinstance(url, str) and _is_own(url, self._roots):
            return self._with_parts(item, visit, None)
        count_dropped(url, visit)
        return None

    def _with_parts(
        self, item: Mapping[str, Any], visit: Visit, names: tuple[str, ...] | None
    ) -> dict[str, Any] | None:
        """One extension with its value, or with those of its parts that are in `names`."""
        kept = self._value(item, visit)
        nested = item.get("extension")
        inner = nested if isinstance(nested, list) else []
        parts = [self._part(part, visit, names) for part in inner]
        if found := [part for part in parts if part]:
            kept["extension"] = found
        return {"url": item["url"], **kept} if kept else None

    def _part(
        self, item: Any, visit: Visit, names: tuple[str, ...] | None
    ) -> dict[str, Any] | None:
        url = item.get("url") if isinstance(item, Mapping) else None
        if not isinstance(url, str):
            return None
        if OWN_PART.fullmatch(url) if names is None else url in names:
            return self._with_parts(item, visit, names)
        return self._one(item, visit)

    def _value(self, item: Mapping[str, Any], visit: Visit) -> dict[str, Any]:
        cleaned = {n: self._values[n](v, visit) for n, v in item.items() if n in self._values}
        return {name: value for name, value in cleaned.items() if value is not None}


def _is_own(url: str, roots: tuple[str, ...]) -> bool:
    return bool(roots) and url.startswith(roots) and OWN_ADDRESS.fullmatch(url) is not None

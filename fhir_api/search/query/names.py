"""What a caller names, as it is stored: ids, references and identifiers made pseudonyms.

Who may not see identities names pseudonyms and keyed tokens, and cannot try out real ones.
"""

from privacy.keys import SiteKeys
from privacy.pseudonyms import (
    identifier_token,
    is_pseudonym,
    pseudonym,
    uuid_pseudonym,
    value_token,
)
from privacy.references import target_of


class Names:
    """Translates what one search names.

    Args:
        keys: Of the site.
        identified: Whether the caller names real ids.
        both: Whether pseudonyms are understood beside real ids: where no vault gives those back.

    Attributes:
        given: `Type/pseudonym` to the `Type/id` that the caller named.
    """

    def __init__(self, keys: SiteKeys, *, identified: bool = True, both: bool = False) -> None:
        self.keys = keys
        self.identified = identified
        self.both = both
        self.given: dict[str, str] = {}

    def stored_id(self, resource_type: str, given_id: str) -> str:
        """The pseudonym of an id."""
        if not self.identified or (self.both and is_pseudonym(given_id)):
            return given_id
        stored = pseudonym(self.keys, resource_type, given_id)
        self.given[f"{resource_type}/{stored}"] = f"{resource_type}/{given_id}"
        return stored

    def name(self, resource_type: str, given_id: str) -> str:
        """`Type/pseudonym` of a type and an id."""
        return f"{resource_type}/{self.stored_id(resource_type, given_id)}"

    def references(self, value: str, targets: tuple[str, ...]) -> list[str]:
        """How a reference may be stored: `id`, `Type/id`, an address, a `urn:` or a canonical."""
        if value.startswith("urn:"):
            return [uuid_pseudonym(self.keys, value)] if self.identified else [value]
        target = target_of(value)
        if target is not None:
            stored = self.name(target.resource_type, target.real_id)
            return [stored, value] if "://" in value else [stored]
        if "://" in value:
            return [value]
        return [self.name(each, value) for each in targets]

    def identifiers(self, system: str | None, value: str) -> list[str]:
        """Keyed tokens of an identifier; of the bare value when `system` is None."""
        if not self.identified:
            return [value]
        if system is None:
            return [value_token(self.keys, value)]
        return [identifier_token(self.keys, system, value)]

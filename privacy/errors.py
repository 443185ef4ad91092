"""What privacy refuses.

PrivacyError
├── WeakSecret         the site secret could be guessed
├── InvalidDate        a text is no FHIR date
└── PolicyError        the policy file may not be used
    ├── UndecidedPath  an element has no decision
    ├── UnknownPath    a decision is about no element of R4
    └── UnknownAction  a decision uses a word nobody defined

No message of it holds a value taken from a resource.
"""

from collections.abc import Sequence

SHOWN = 5


class PrivacyError(Exception):
    """Root of the family."""


class WeakSecret(PrivacyError):
    """The site secret hides nothing: too short, too regular, or printed in a manual."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The site secret {why}. Make one with `openssl rand -hex 32`.")


class InvalidDate(PrivacyError):
    """A text is no FHIR date, dateTime or instant."""

    def __init__(self) -> None:
        super().__init__("The text is no FHIR date, dateTime or instant; give one such as 2024-02.")


class PolicyError(PrivacyError):
    """The policy file may not be used as it stands."""


class UndecidedPath(PolicyError):
    """The policy decides neither the element nor its data type, or lacks a whole part."""

    def __init__(self, paths: Sequence[str]) -> None:
        named = ", ".join(paths[:SHOWN])
        more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
        super().__init__(
            f"The policy does not decide {named}{more}. Name each in the table of its resource; "
            '`drop = ["…"]` is a decision.'
        )
        self.paths = tuple(paths)


class UnknownPath(PolicyError):
    """The policy decides an element that R4 does not have."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"The policy decides {path}, which is no element of FHIR R4. Mend the name."
        )


class UnknownAction(PolicyError):
    """The policy uses a word that is not explained at its top."""

    def __init__(self, where: str, action: str) -> None:
        super().__init__(
            f"The policy says `{action}` for {where}; use one of the words at the top of the file."
        )

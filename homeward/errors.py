"""Everything the front door refuses, and the exit code each refusal ends with.

HomewardError
├── WrongCall       2   the call, a setting or an input was wrong
└── CannotStart     1   something the work needs could not be had
"""

from typing import ClassVar


class HomewardError(Exception):
    """Root of the family; `homeward.cli` prints it without a traceback."""

    exit_code: ClassVar[int] = 1


class WrongCall(HomewardError):
    """The call, a setting or an input is wrong; nothing was changed."""

    exit_code = 2


class CannotStart(HomewardError):
    """A part that the work needs could not be started or found."""

    exit_code = 1

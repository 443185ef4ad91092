"""The ways in which people write dates, telephone numbers and names into notes."""

from collections.abc import Callable
from datetime import date
from random import Random

from homeward.simulation.chance import one_of
from homeward.simulation.people import Name

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip

DateStyle = Callable[[date], str]

DATE_STYLES: tuple[DateStyle, ...] = (
    lambda day: f"{day.month:02d}/{day.day:02d}/{day.year}",
    lambda day: f"{day.month}/{day.day}/{day.year % 100:02d}",
    lambda day: f"{MONTHS[day.month - 1]} {day.day}, {day.year}",
    lambda day: f"{MONTHS[day.month - 1][:3]} {day.day}, {day.year}",
    lambda day: f"{day.day:02d} {MONTHS[day.month - 1][:3]} {day.year}",
    lambda day: day.isoformat(),
)

NAME_STYLES: tuple[Callable[[Name], str], ...] = (
    lambda name: name.full,
    lambda name: f"{name.family}, {name.given}",
    lambda name: f"{name.family.upper()}, {name.given.upper()}",
    lambda name: name.full.upper(),
)


def date_style(rng: Random) -> DateStyle:
    """One way to write all dates of a note."""
    return one_of(rng, DATE_STYLES)


def header_name(rng: Random, name: Name) -> str:
    """A patient's name as a header has it."""
    return one_of(rng, NAME_STYLES)(name)


def phone(rng: Random, number: str) -> str:
    """A number of the form (603) 555-0100, written as people write it.

    >>> phone(Random(4), "(603) 555-0100")[-4:]
    '0100'
    """
    area, exchange, line = number[1:4], number[6:9], number[10:]
    return one_of(
        rng,
        (
            number,
            f"{area}-{exchange}-{line}",
            f"{area}.{exchange}.{line}",
            f"1-{area}-{exchange}-{line}",
        ),
    )

"""The words of a card: risk as a frequency, reasons in plain language, and what is not known.

A frequency ("31 of 100") is understood better than a probability (Gigerenzer and Edwards 2003,
doi 10.1136/bmj.327.7417.741). The detail is GitHub-flavoured Markdown; whatever does not stand
in this file is escaped, because some clients render HTML inside it.
"""

import re
from collections.abc import Iterator

from cds_hooks.prefetch import State
from cds_hooks.scoring.assess import Provenance
from cds_hooks.service import Level
from model.score import Reason, Score

LONGEST_SUMMARY = 139  # CDS Hooks 2.0: under 140 characters
REASONS_SHOWN = 3
WORDS: dict[Level, str] = {"low": "Low", "moderate": "Raised", "high": "High"}
MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|~&])")
LINK_LIKE = re.compile(r"(?i)(https?|ftp)(:)(?=//)|(www)(\.)")


def summary(score: Score, level: Level) -> str:
    """One sentence, under 140 characters."""
    return (
        f"{WORDS[level]} risk of readmission within 30 days: "
        f"{frequency(score.probability)} similar patients"
    )


def frequency(probability: float) -> str:
    """A probability as people count.

    >>> frequency(0.314), frequency(0.001)
    ('about 31 of 100', 'fewer than 1 of 100')
    """
    of_hundred = round(100 * probability)
    if of_hundred < 1:
        return "fewer than 1 of 100"
    return "more than 99 of 100" if of_hundred > 99 else f"about {of_hundred} of 100"


def detail(score: Score, provenance: Provenance) -> str:
    """Reasons, comparison, and how much of the picture was there."""
    reasons = [f"- {_reason(reason)}" for reason in score.reasons[:REASONS_SHOWN]]
    moved = "**What moves this estimate**\n\n" + "\n".join(reasons)
    limits = " ".join(_limits(score, provenance))
    paragraphs = [moved if reasons else "", _comparison(score), limits]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def escaped(text: str) -> str:
    r"""Text that Markdown shows as it is: no markup, no HTML, no link.

    >>> escaped("a <b>*bold*</b>")
    'a \\<b\\>\\*bold\\*\\</b\\>'
    """
    one_line = " ".join(text.split())
    marked = MARKDOWN.sub(r"\\\1", one_line)
    marked = LINK_LIKE.sub(lambda found: rf"{found[1] or found[3]}\{found[2] or found[4]}", marked)
    return re.sub(r"^(\d+)?([-.=])", r"\1\\\2", marked)


def _comparison(score: Score) -> str:
    return (
        f"For comparison: {frequency(score.base_rate)} discharges at this site are followed by "
        "an unplanned return within 30 days."
    )


def _reason(reason: Reason) -> str:
    lowers = "" if reason.contribution >= 0 else " (lowers the risk)"
    return escaped(reason.text) + lowers


def _limits(score: Score, provenance: Provenance) -> Iterator[str]:
    yield f"Scored on {score.inputs_known} of {score.inputs_total} inputs."
    if provenance.known_until:
        yield f"Data up to {provenance.known_until:%Y-%m-%d %H:%M} UTC."
    for state in (State.ABSENT, State.REFUSED):
        keys = [key for key, each in provenance.states.items() if each is state]
        if keys:
            yield f"{state.value}: {', '.join(keys)}."
    if provenance.truncated:
        yield f"Only the first page was sent: {', '.join(sorted(provenance.truncated))}."
    if provenance.left_out:
        yield f"{_counted(provenance.left_out, 'resource')} sent could not be used."
    if provenance.notes_unread:
        yield f"{_counted(provenance.notes_unread, 'note')} could not be read in time."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

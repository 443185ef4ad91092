"""How long work shows itself: a bar on a terminal, a plain line now and then elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[int], None]
LINES_ELSEWHERE = 10


def say(line: str) -> None:
    """One line of words on standard error."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


@contextmanager
def progress(label: str, total: int | None) -> Iterator[Advance]:
    """A function to call with the number of units just done.

    Everything goes to standard error, so that standard output holds results alone.
    """
    if sys.stderr.isatty():
        with _bar(label, total) as advance:
            yield advance
    else:
        yield _lines(label, total)


@contextmanager
def _bar(label: str, total: int | None) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.advance(task, done)


def _lines(label: str, total: int | None) -> Advance:
    done, shown = 0, 0
    every = max(1, (total or 0) // LINES_ELSEWHERE) or 1

    def advance(more: int) -> None:
        nonlocal done, shown
        done += more
        if total and (done - shown >= every or done == total):
            shown = done
            sys.stderr.write(f"{label}: {done} of {total}\n")
            sys.stderr.flush()

    return advance

"""`homeward notes fit`: a small note encoder from the site's own scrubbed notes."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from homeward.encoder import site_encoder
from homeward.errors import CannotStart
from homeward.house import House, open_house
from homeward.progress import say

group = typer.Typer(help="Note encoders.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(group, name="notes")


@group.callback()
def notes() -> None:
    """Note encoders made from the site's own scrubbed notes."""


@group.command()
def fit(
    minutes: Annotated[float, typer.Option(min=0.1, help="Time to spend on training.")] = 3.0,
    seed: Annotated[int, typer.Option(help="Of initial weights and masks.")] = 1,
) -> None:
    """Learn a vocabulary and a small BERT from the notes in the store; features uses it then.

    For sites without a clinical BERT of their own. Notes are in the store only where the site
    keeps them (HOMEWARD_NOTES=scrub).

    Example: homeward notes fit --minutes 3
    """
    with open_house() as house:
        folder = run(house, minutes=minutes, seed=seed)
    typer.echo(folder)


def run(house: House, *, minutes: float, seed: int) -> Path:
    """Fit an encoder on the site's notes, in the place of an older one.

    Raises:
        CannotStart: The store holds no notes.
    """
    from homeward.backend import choose_backend
    from homeward.stored_notes import stored_notes

    texts = stored_notes(house)
    if not texts:
        raise CannotStart(
            "The store holds no notes to learn from. Ingest with HOMEWARD_NOTES=scrub to keep them."
        )
    choose_backend()
    from model.notes_fit import fit_note_encoder
    from model.notes_options import NotesFitOptions

    folder = site_encoder(house)
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    report = fit_note_encoder(texts, fresh, NotesFitOptions(seed=seed, minutes=minutes), say)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.replace(folder)
    say(f"{report.accuracy:.0%} of hidden word pieces guessed; {report.guess:.0%} by habit alone")
    return folder

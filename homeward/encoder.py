"""Which note encoder this site uses, and how executors and the server come by it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from homeward.errors import WrongCall

if TYPE_CHECKING:
    from etl.notes.encoder import Encoder
    from homeward.house import House


@dataclass(frozen=True, slots=True)
class LoadEncoder:
    """Loads the encoder where it is called; pickled, it is only a path."""

    folder: Path

    def __call__(self) -> "Encoder":
        """The encoder, in NumPy."""
        from model.runtime.encoder import NoteEncoder

        return NoteEncoder.load(self.folder)


def site_encoder(house: "House") -> Path:
    """Where `homeward notes fit` puts the encoder made from this site's own notes."""
    return house.settings.home / "encoders" / house.settings.site


def encoder_folder(house: "House", named: Path | None) -> Path | None:
    """The directory to load: the one named, or the site's own; None where there is neither.

    Raises:
        WrongCall: The one named is not there.
    """
    if named is not None and not (named / "config.json").exists():
        raise WrongCall(f"{named} is no BERT directory: it holds no config.json.")
    if named is not None:
        return named.resolve()
    own = site_encoder(house)
    return own.resolve() if (own / "config.json").exists() else None


def encoder_factory(house: "House", named: Path | None) -> LoadEncoder | None:
    """What Spark executors call to have the encoder; None when notes stay unread."""
    folder = encoder_folder(house, named)
    return LoadEncoder(folder) if folder else None

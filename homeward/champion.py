"""The model in service: found in the registry, loaded once, kept while the files are sound."""

import logging
import threading
import time
from typing import TYPE_CHECKING

from model.errors import ModelError, UnknownModel

if TYPE_CHECKING:
    from cds_hooks.service import Champion
    from homeward.house import House

logger = logging.getLogger("homeward.champion")

LOOK_AGAIN_S = 2.0  # how long a promotion may take to be seen


def champion_version(house: "House") -> str | None:
    """Name of the version in service; None before the first promotion."""
    from model.registry import aliases

    return aliases(house.engine, house.settings.site).get("champion")


class ChampionCache:
    """The champion of a site, followed through promotions.

    A new champion is loaded before the old one is let go; while its files are damaged the old one
    goes on answering, and the log says why.

    Args:
        house: Whose registry is asked.
    """

    def __init__(self, house: "House") -> None:
        self.house = house
        self._lock = threading.Lock()
        self._asked = float("-inf")
        self._version: str | None = None
        self._champion: Champion | None = None

    def __call__(self) -> "Champion | None":
        """The model to answer with now; None before the first promotion."""
        with self._lock:
            if time.monotonic() - self._asked > LOOK_AGAIN_S:
                self._look()
            return self._champion

    def _look(self) -> None:
        self._asked = time.monotonic()
        version = champion_version(self.house)
        if version is None or version == self._version:
            return
        try:
            self._champion = _load(self.house)
        except ModelError:
            if self._champion is None:
                raise
            logger.exception("%s cannot serve; %s goes on answering", version, self._version)
        self._version = version


def _load(house: "House") -> "Champion | None":
    from cds_hooks.service import Champion
    from model.predictor import Predictor
    from model.registry import resolve

    try:
        registered = resolve(house.engine, house.settings.site)
    except UnknownModel:
        return None
    predictor = Predictor.load(registered.path)
    return Champion(predictor, predictor.note_encoder)

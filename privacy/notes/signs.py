"""Words that say that a name is near, from `signs.toml` beside this file."""

import tomllib
from pathlib import Path

_RAW = tomllib.loads(Path(__file__).with_name("signs.toml").read_text(encoding="utf-8"))
TITLES = frozenset(_RAW["titles"].split())
CREDENTIALS = frozenset(_RAW["credentials"].split())
RELATIVES = frozenset(_RAW["relatives"].split())
LABELS = frozenset(_RAW["labels"].split())
SPEECH = frozenset(_RAW["speech"].split())
FACILITIES = frozenset(_RAW["facilities"].split())
FACILITY_NAMES = frozenset(_RAW["facility_names"].split())
NO_NAMES = frozenset(_RAW["no_names"].split())
PARTICLES = frozenset(_RAW["particles"].split())
EMPLOYED = frozenset(_RAW["employed"].split())
WORKS = frozenset(_RAW["works"].split())
SUBJECTS = frozenset(_RAW["subjects"].split())
DIRECTIONS = frozenset(_RAW["directions"].split())
NEWCOMERS = frozenset(_RAW["newcomers"].split())
HOSPITALS = frozenset(_RAW["hospitals"].split())

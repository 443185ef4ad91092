"""Real data beside the checkout, for those who have it; a test that needs it skips with a word."""

import os
from pathlib import Path

import pytest

BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[3] / "shared" / "data"


def shared_data(name: str) -> Path:
    """The folder or file `name` of the data directory, or a skip that says where it was sought.

    `HOMEWARD_TEST_DATA` names the directory; without it, `../shared/data` beside the checkout.
    """
    root = Path(os.environ.get("HOMEWARD_TEST_DATA", BESIDE_THE_CHECKOUT))
    if not (root / name).exists():
        pytest.skip(f"{name} is not in {root}; set HOMEWARD_TEST_DATA to a folder that holds it")
    return root / name

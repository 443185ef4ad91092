"""Keys come from one strong secret, one for each site and purpose."""

import pytest

from privacy.errors import WeakSecret
from privacy.keys import PRINTED_EXAMPLES, derive_keys
from tests.support.cleaning import KEYS, SECRET


def test_the_same_secret_and_site_give_the_same_keys() -> None:
    assert derive_keys(SECRET, "default") == KEYS


def test_each_purpose_of_each_site_has_its_own_key() -> None:
    other = derive_keys(SECRET, "north")

    keys = [
        key
        for site in (KEYS, other)
        for key in (site.pseudonym, site.identifier, site.date, site.quarantine)
    ]

    assert len(set(keys)) == len(keys)
    assert {len(key) for key in keys} == {32}


def test_no_key_shows_when_the_keys_are_printed() -> None:
    assert repr(KEYS) == "SiteKeys(site='default')"


@pytest.mark.parametrize("secret", [b"short", b"", b"\0" * 32, b"ab" * 40, *PRINTED_EXAMPLES])
def test_a_secret_that_could_be_guessed_is_refused_with_the_remedy(secret: bytes) -> None:
    with pytest.raises(WeakSecret, match="openssl rand -hex 32"):
        derive_keys(secret, "default")

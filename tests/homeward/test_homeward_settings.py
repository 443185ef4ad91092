"""Settings, keys and the pages written from them."""

from pathlib import Path

import pytest

from homeward.commands.docs import settings_page
from homeward.errors import CannotStart, WrongCall
from homeward.keys import root_key
from homeward.settings import read_settings

ROOT = Path(__file__).resolve().parents[2]


def test_the_settings_page_is_what_the_code_says() -> None:
    assert (ROOT / "docs" / "reference" / "settings.md").read_text() == settings_page()


def test_a_wrong_setting_is_named_and_its_value_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEWARD_MINIMUM_AGE", "eighteen-and-a-half")

    with pytest.raises(WrongCall) as refused:
        read_settings()
    assert "minimum_age" in str(refused.value)
    assert "eighteen" not in str(refused.value)


def test_an_argument_wins_over_a_variable_and_a_variable_over_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "homeward.toml").write_text('site = "from-file"\nport = 1\nmetrics_port = 1\n')
    monkeypatch.setenv("HOMEWARD_PORT", "2")
    monkeypatch.setenv("HOMEWARD_METRICS_PORT", "2")

    settings = read_settings(metrics_port=3)

    assert (settings.site, settings.port, settings.metrics_port) == ("from-file", 2, 3)


def test_a_key_is_made_once_beside_the_embedded_store(tmp_path: Path) -> None:
    settings = read_settings(home=tmp_path)

    key = root_key(settings)

    assert len(key) == 32
    assert root_key(settings) == key
    assert (tmp_path / "keys" / "default.key").stat().st_mode & 0o077 == 0


def test_no_key_is_made_for_a_store_of_your_own(tmp_path: Path) -> None:
    settings = read_settings(home=tmp_path, database_url="postgresql+psycopg://elsewhere/x")

    with pytest.raises(CannotStart, match="openssl rand -hex 32"):
        root_key(settings)


def test_a_key_others_may_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "site.key"
    path.write_text("ab" * 32)
    path.chmod(0o644)

    with pytest.raises(WrongCall, match="chmod 600"):
        root_key(read_settings(home=tmp_path, key_file=path))

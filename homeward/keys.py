"""The site's root key: read from where the settings say, made only for a new embedded store."""

import contextlib
import os
import secrets
from pathlib import Path

from homeward.errors import CannotStart, WrongCall
from homeward.settings import Settings

KEY_BYTES = 32
OTHERS_MAY_READ = 0o077


def root_key(settings: Settings) -> bytes:
    """The key all pseudonyms and date shifts of the site are derived from.

    Raises:
        WrongCall: It is not hex, or others may read its file.
        CannotStart: There is none, and the database is not ours to make one for.
    """
    if settings.key is not None:
        return _decoded(settings.key.get_secret_value(), "HOMEWARD_KEY")
    path = settings.key_file or settings.home / "keys" / f"{settings.site}.key"
    if not path.exists():
        _refuse_unless_embedded(settings, path)
        _create(path)
    if path.stat().st_mode & OTHERS_MAY_READ:
        raise WrongCall(f"{path} may be read by others. Run: chmod 600 {path}")
    return _decoded(path.read_text().strip(), str(path))


def _decoded(text: str, source: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise WrongCall(f"{source} must be hex, as `openssl rand -hex 32` prints it.") from error


def _refuse_unless_embedded(settings: Settings, path: Path) -> None:
    if settings.database_url is not None:
        raise CannotStart(
            f"There is no key at {path}. A store of your own needs a key of your own: run "
            f"`openssl rand -hex 32 > {path} && chmod 600 {path}`, and keep a copy elsewhere."
        )


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")
    with contextlib.suppress(FileExistsError):  # another process was first; its key stands
        os.link(fresh, path)
    fresh.unlink()

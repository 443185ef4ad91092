"""A Postgres of our own on TCP: started by the first command that needs it, stopped by the last.

Every process that uses the server holds a shared lock on one file. Who leaves tries to take that
lock alone; who gets it was the last, and stops the server. A killed process lets go by dying.
"""

import atexit
import fcntl
import hashlib
import os
import secrets
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from homeward.embedded.binaries import (
    WORLD_READABLE,
    copied_where_all_may_read,
    find_binaries,
    reachable_by,
)
from homeward.errors import CannotStart

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65534  # Postgres refuses uid 0; root hands the server to nobody
START_TIMEOUT_S = 60
SERVER_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "''",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "max_connections": "100",
    "log_error_verbosity": "terse",  # DETAIL lines would print row values
    "log_min_error_statement": "panic",  # statements would print bound values
}


class EmbeddedPostgres:
    """The server whose data lie in `directory`.

    Args:
        directory: Where the data, the password and the locks are kept; made when missing.
    """

    def __init__(self, directory: Path) -> None:
        self.root = _reachable_directory(directory.resolve())
        self.data = self.root / "data"
        self.password_file = self.root / "password"
        self._as_user: dict[str, Any] = _drop_privileges()
        self._binaries = self._runnable_binaries()
        self._users: IO[str] | None = None

    def url(self) -> str:
        """Start the server, or join the running one, and give its SQLAlchemy URL.

        Raises:
            CannotStart: Postgres says why in the message.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with _locked(self.root / "starting", fcntl.LOCK_EX):
            self._take_part()
            if not (self.data / "PG_VERSION").exists():
                self._create()
            if not self._running():
                self._run("pg_ctl", *self._start_options(), "start")
        password = self.password_file.read_text()
        return f"postgresql+psycopg://postgres:{password}@127.0.0.1:{self._port()}/postgres"

    def leave(self) -> None:
        """Let go of the server; the last one out stops it."""
        if self._users is None:
            return
        with _locked(self.root / "starting", fcntl.LOCK_EX):
            alone = _try_lock(self._users)
            if alone and self._running():
                self._run("pg_ctl", "-D", self.data, "-w", "-m", "fast", "stop")
            self._users.close()
            self._users = None

    def _take_part(self) -> None:
        if self._users is None:
            self._users = (self.root / "users").open("a")
            fcntl.flock(self._users, fcntl.LOCK_SH)
            atexit.register(self.leave)

    def _create(self) -> None:
        self.data.mkdir(exist_ok=True)
        descriptor = os.open(self.password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(24))
        if self._as_user:
            os.chown(self.data, NOBODY, NOBODY)
            os.chown(self.password_file, NOBODY, NOBODY)
        self.data.chmod(0o700)
        self._run("initdb", "-D", self.data, "-U", "postgres", "--encoding=UTF8", "--no-locale",
                  "--auth=scram-sha-256", f"--pwfile={self.password_file}", "--data-checksums",
                  "--no-instructions")  # fmt: skip

    def _start_options(self) -> tuple[object, ...]:
        options = {**SERVER_OPTIONS, "port": str(_free_port())}
        given = " ".join(f"-c {name}={value}" for name, value in options.items())
        return ("-D", self.data, "-w", "-t", START_TIMEOUT_S, "-l", self.data / "server.log",
                "-o", given)  # fmt: skip

    def _running(self) -> bool:
        lines = self._pid_lines()
        return (
            len(lines) > 7
            and lines[7].strip() == "ready"
            and _is_alive(int(lines[0]))
            and _answers(int(lines[3]))
        )

    def _port(self) -> int:
        return int(self._pid_lines()[3])

    def _pid_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return []

    def _runnable_binaries(self) -> Path:
        binaries = find_binaries()
        if self._as_user and not reachable_by(NOBODY, binaries):
            return copied_where_all_may_read(binaries)
        return binaries

    def _run(self, program: str, *arguments: object) -> None:
        # Output goes to a file: the postmaster inherits it, and a pipe would never close.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [str(self._binaries / program), *map(str, arguments)],
                stdout=output,
                stderr=output,
                cwd="/",
                check=False,
                **self._as_user,
            )
            output.seek(0)
            if done.returncode:
                raise CannotStart(f"{program} could not do its work: {output.read()[-1500:]}")


def _reachable_directory(directory: Path) -> Path:
    """`directory`, or as root a twin under /var/tmp when nobody may not walk to it."""
    if os.geteuid() != 0:
        return directory
    directory.mkdir(parents=True, exist_ok=True)
    barred = any(not parent.stat().st_mode & 0o001 for parent in (directory, *directory.parents))
    if not barred:
        return directory
    digest = hashlib.sha256(str(directory).encode()).hexdigest()[:16]
    return WORLD_READABLE / f"homeward-postgres-{digest}"


def _drop_privileges() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


@contextmanager
def _locked(path: Path, kind: int) -> "Iterator[None]":
    with path.open("a") as file:
        fcntl.flock(file, kind)
        yield


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

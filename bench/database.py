"""The embedded Postgres of a benchmark: emptied before, and its processor time measured.

The server is no child of the benchmark, so its time is read from `/proc`
(https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html): the postmaster's own time and that of
the workers it has buried, and the time of those still alive.
"""

import os
import shutil
from pathlib import Path

from homeward.embedded.postgres import EmbeddedPostgres

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
PARENT, USER, AFTER_CHILDREN = 1, 11, 15  # places after the command name, counted from 0


def emptied(home: Path) -> EmbeddedPostgres:
    """The server of a home that holds nothing: what an earlier run left there is removed."""
    server = EmbeddedPostgres(home / "postgres")
    shutil.rmtree(server.root, ignore_errors=True)  # as root it may lie outside the home
    shutil.rmtree(home, ignore_errors=True)
    return server


def postgres_cpu_s(data: Path) -> float:
    """Seconds of processor time that the server over this data directory has used so far.

    Raises:
        FileNotFoundError: No server runs there.
    """
    postmaster = int((data / "postmaster.pid").read_text(encoding="utf-8").split("\n")[0])
    workers = [process for process in _processes() if _parent(process) == postmaster]
    return sum(map(_cpu_s, [postmaster, *workers]))


def process_cpu_s(process: int) -> float:
    """Seconds of processor time that a process and its children have used so far."""
    children = [each for each in _processes() if _parent(each) == process]
    return sum(map(_cpu_s, [process, *children]))


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _fields(process: int) -> list[str]:
    """What stands after the command name, which may hold blanks; empty when the process is gone."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()


def _parent(process: int) -> int | None:
    fields = _fields(process)
    return int(fields[PARENT]) if fields else None


def _cpu_s(process: int) -> float:
    return sum(map(int, _fields(process)[USER:AFTER_CHILDREN])) / TICKS_A_SECOND

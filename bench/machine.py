"""The machine a figure was measured on: a number without it says nothing."""

import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")
MEMORY_INFO = Path("/proc/meminfo")


@dataclass(frozen=True, slots=True)
class Machine:
    """What the figures depend on.

    Attributes:
        cpu: Model name of the processor.
        cores: Cores this process may use.
        memory_gb: Memory of the machine, gigabytes; 0 when the system does not tell.
        load: Processes that wanted a core during the last minute, before we began.
        python: Version.
        system: Kernel and its release.
    """

    cpu: str
    cores: int
    memory_gb: float
    load: float
    python: str
    system: str

    def as_json(self) -> dict[str, str | int | float]:
        """The same, for a JSON file."""
        return asdict(self)

    def line(self) -> str:
        """The same, in one line under a table."""
        return (
            f"{self.cpu}, {self.cores} cores, {self.memory_gb:.0f} GB, load {self.load:.1f} "
            f"before the run, Python {self.python}, {self.system}"
        )


def this_machine() -> Machine:
    """The machine this process runs on, and how busy it is now."""
    return Machine(
        cpu=_field(CPU_INFO, "model name") or platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=int((_field(MEMORY_INFO, "MemTotal") or "0 kB").split()[0]) / 1e6,
        load=os.getloadavg()[0],
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()}",
    )


def _field(path: Path, name: str) -> str | None:
    if not path.is_file():
        return None
    for line in path.read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return None

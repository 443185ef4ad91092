"""The `homeward` command as a benchmark runs it: in a process and a home of its own.

A benchmark measures what people type, so that nothing is left out of the figure; settings go in
through variables of that one process.
"""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

TAIL = 2_000
UNSET = ("-u", "HOMEWARD_DATABASE_URL")  # a benchmark never writes into a database of yours


class CommandFailed(RuntimeError):
    """A command of the benchmark did not do its work; the message ends with its own words."""


@dataclass(frozen=True, slots=True)
class House:
    """Where the commands of one benchmark work.

    Attributes:
        home: Its own database, snapshots and models.
        settings: Names without `HOMEWARD_`, in capitals, to values.
    """

    home: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    def call(self, *arguments: str) -> list[str]:
        """The command line, with its settings in front."""
        given = {"HOME": str(self.home)} | dict(self.settings)
        variables = [f"HOMEWARD_{name}={value}" for name, value in given.items()]
        return ["/usr/bin/env", *UNSET, *variables, sys.executable, "-m", "homeward", *arguments]

    def run(self, *arguments: str) -> str:
        """Run a command to its end and give its standard output.

        Raises:
            CommandFailed: Its exit code is not 0.
        """
        done = subprocess.run(self.call(*arguments), capture_output=True, check=False)
        if done.returncode:
            words = done.stderr.decode(errors="replace")[-TAIL:]
            raise CommandFailed(f"homeward {arguments[0]} ended with {done.returncode}: {words}")
        return done.stdout.decode()

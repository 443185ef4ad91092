"""A client that asks at a steady rate, from a process of its own.

`python -m bench.rate URLS --rate 500 --seconds 10` gets the addresses in the file URLS in turn.
Requests are due at fixed moments; an answer's time counts from the moment its request was due, so
that a server that falls behind is not flattered (https://www.scylladb.com/glossary/coordinated-omission/).
"""

import argparse
import http.client
import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

TIMEOUT_S = 60
OK = 200
CONNECTIONS = 8
Answer = tuple[float, bool]


def asked(urls: Sequence[str], rate: int, seconds: int) -> dict[str, object]:
    """Milliseconds of each answer, how many failed, and seconds in all.

    Args:
        urls: Addresses of one server, taken in turn.
        rate: Requests a second over all connections.
        seconds: How long.
    """
    began = time.perf_counter() + 0.2
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        parts = pool.map(
            lambda number: _one_connection(urls, began, (number, rate, rate * seconds)),
            range(CONNECTIONS),
        )
        answers = [answer for part in parts for answer in part]
    return {
        "answered": [spent for spent, is_good in answers if is_good],
        "failed": sum(not is_good for _, is_good in answers),
        "wall_s": time.perf_counter() - began,
    }


def _one_connection(urls: Sequence[str], began: float, share: tuple[int, int, int]) -> list[Answer]:
    first, rate, total = share
    connection = http.client.HTTPConnection(urlsplit(urls[0]).netloc, timeout=TIMEOUT_S)
    answers = []
    for number in range(first, total, CONNECTIONS):
        due = began + number / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        connection.request("GET", urlsplit(urls[number % len(urls)]).path)
        answer = connection.getresponse()
        answer.read()
        answers.append(((time.perf_counter() - due) * 1000, answer.status == OK))
    connection.close()
    return answers


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the call, ask, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.rate", description=__doc__)
    parser.add_argument("urls", type=Path)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args(arguments)
    urls = options.urls.read_text(encoding="utf-8").split()
    print(json.dumps(asked(urls, options.rate, options.seconds)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""A client that asks as fast as it is answered, from a process of its own.

`python -m bench.load URL BODIES --clients 16 --requests 800` posts the JSON bodies, one a line in
the file BODIES, over one kept connection for each client, and prints the milliseconds of every
answer as JSON. It stands apart from the server so that both do not share one interpreter.
"""

import argparse
import http.client
import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import urlsplit

TIMEOUT_S = 60
OK = 200


def asked(url: str, bodies: Sequence[bytes], clients: int, requests: int) -> dict[str, list[float]]:
    """Latency of each request, by whether it was answered with 200.

    Args:
        url: Address to post to, `http://…`.
        bodies: JSON texts; taken in turn, each client beginning at another one.
        clients: How many ask at once, each waiting for its answer.
        requests: In all; each client makes an equal share.

    Returns:
        `answered` and `failed`, milliseconds each.
    """
    share = max(1, requests // clients)
    with ThreadPoolExecutor(clients) as pool:
        parts = pool.map(
            lambda client: _one_client(url, rotated(bodies, client), share), range(clients)
        )
        answers = [answer for part in parts for answer in part]
    return {
        "answered": [spent for spent, status in answers if status == OK],
        "failed": [spent for spent, status in answers if status != OK],
    }


def rotated(bodies: Sequence[bytes], client: int) -> list[bytes]:
    """The same bodies, beginning at another one for each client."""
    first = client % len(bodies)
    return [*bodies[first:], *bodies[:first]]


def _one_client(url: str, bodies: Sequence[bytes], share: int) -> list[tuple[float, int]]:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=TIMEOUT_S)
    answers = []
    for body in islice(cycle(bodies), share):
        began = time.perf_counter()
        connection.request("POST", place.path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        answers.append(((time.perf_counter() - began) * 1000, answer.status))
    connection.close()
    return answers


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the call, ask, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("bodies", type=Path)
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--requests", type=int, default=200)
    options = parser.parse_args(arguments)
    bodies = options.bodies.read_bytes().splitlines()
    print(json.dumps(asked(options.url, bodies, options.clients, options.requests)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

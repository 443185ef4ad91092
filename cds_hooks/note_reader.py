"""Vectors of a patient's notes: stored ones, and what can still be encoded before the deadline.

Notes are embedded where they arrive in bulk. One first seen in prefetch is encoded here, newest
first; what is not ready in time is declared missing on the card, and is ready for the next call.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from etl.notes.encoder import Encoder
from etl.notes.vectors import pack, unpack

Vectors = NDArray[np.float32]
NOTES_KEPT = 512


class NoteReader:
    """Encodes notes in one thread of its own and remembers the newest of them.

    Args:
        deadline_s: Seconds a call waits for notes it has not seen before; 0 never waits.
    """

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="note-encoder")
        self._encoded: OrderedDict[tuple[str, str], Future[Vectors]] = OrderedDict()
        self._lock = Lock()

    def vectors(
        self,
        encoder: Encoder,
        keys: Sequence[str],
        stored: Mapping[str, Vectors],
        texts: Mapping[str, str],
    ) -> dict[str, Vectors]:
        """Vectors by note key, each (chunk, width), of the `keys` that could be had in time.

        Args:
            encoder: The one the model in service was trained with.
            keys: Notes of the patient, oldest first.
            stored: Vectors that are there already, by key.
            texts: Scrubbed texts known from this call, by key.
        """
        fresh = [key for key in reversed(keys) if key not in stored and key in texts]
        waiting = {key: self._encoding(encoder, key, texts[key]) for key in fresh}
        wait(waiting.values(), timeout=self._deadline_s)
        finished = {key: each for key, each in waiting.items() if each.done()}
        ready = {key: each.result() for key, each in finished.items() if not each.cancelled()}
        known = {**stored, **ready}
        return {key: known[key] for key in keys if key in known}

    def _encoding(self, encoder: Encoder, key: str, text: str) -> Future[Vectors]:
        name = (encoder.hash, key)
        with self._lock:
            if name not in self._encoded:
                self._encoded[name] = self._worker.submit(_encode, encoder, text)
            while len(self._encoded) > NOTES_KEPT:
                self._encoded.popitem(last=False)[1].cancel()
            return self._encoded[name]


def _encode(encoder: Encoder, text: str) -> Vectors:
    """As the jobs store it, in half precision: the model sees the same numbers in both."""
    exact = encoder.encode(text)
    chunks, width = exact.shape
    return unpack(pack(exact), chunks, width)

"""`/metrics` on a port of its own, and the thread that keeps the performance figures fresh."""

import logging
import threading
from typing import TYPE_CHECKING, Self

from prometheus_client import start_http_server

from homeward.errors import CannotStart

if TYPE_CHECKING:
    from homeward.house import House
    from monitoring.metrics import Metrics

logger = logging.getLogger("homeward.metrics")

REFRESH_S = 60.0


class MetricsServer:
    """Serves the metrics while its block runs.

    Args:
        house: Whose ledger the performance figures are read from.
        metrics: What is served.
        port: On the address of the settings; 0 takes a free one, told by `port`.
    """

    def __init__(self, house: "House", metrics: "Metrics", port: int) -> None:
        self.house = house
        self.metrics = metrics
        self.port = port
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        try:
            self._server, self._thread = start_http_server(
                self.port, addr=self.house.settings.host, registry=self.metrics.registry
            )
        except OSError as error:
            raise CannotStart(
                f"Port {self.port} for metrics cannot be had: {error.strerror}. "
                "Choose another with --metrics-port."
            ) from error
        self.port = self._server.server_port
        threading.Thread(target=self._keep_fresh, daemon=True, name="performance").start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._server.shutdown()

    def _keep_fresh(self) -> None:
        while True:
            self.refresh()
            if self._stop.wait(REFRESH_S):
                return

    def refresh(self) -> None:
        """Read the ledger and show what it says; a failure is logged and tried again later."""
        from monitoring.performance import report

        try:
            found = report(self.house.engine, self.house.settings.site)
        except Exception:
            logger.exception("The performance figures could not be refreshed")
            return
        self.metrics.refresh_performance(found)

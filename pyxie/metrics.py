"""What is counted. Labels are of bounded sets only: never a MAC, host, path or address."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from pyxie.bounds import ALL

_FAST = (1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 5e-3, 25e-3, 0.1)
_SLOW = (1e-3, 5e-3, 25e-3, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class Bounds(Collector):
    """How often each of `pyxie.bounds` was reached, by all daemons of this process."""

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield them as one family."""
        family = CounterMetricFamily(
            "pyxie_bound_reached",
            "Times that a bound refused, dropped, forgot or ended something.",
            labels=["bound"],
        )
        for bound in ALL:
            family.add_metric([bound.name], bound.times)
        yield family


class Spread(Histogram):
    """A histogram for what is counted by the thousand."""

    def observe_alike(self, amount: float, times: int) -> None:
        """Count several of the same amount."""
        self._sum.inc(amount * times)
        self._buckets[bisect_left(self._upper_bounds, amount)].inc(times)

    def observe_all(self, amounts: Collection[float]) -> None:
        """Count each of some amounts, which are often all within the same bounds."""
        if not amounts:
            return
        bounds = self._upper_bounds
        least, most = bisect_left(bounds, min(amounts)), bisect_left(bounds, max(amounts))
        self._sum.inc(sum(amounts))
        if least == most:
            self._buckets[least].inc(len(amounts))
            return
        for each in amounts:
            self._buckets[bisect_left(bounds, each)].inc(1)


class Metrics:
    """The counters of one daemon, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self.dhcp = Counter(
            "pyxie_dhcp_datagrams_total",
            "Datagrams received, by port and outcome; reason says why one was not answered.",
            ["port", "outcome", "reason"],
            registry=self.registry,
        )
        self.dhcp_seconds = Spread(
            "pyxie_dhcp_answer_seconds",
            "Time from reading a DHCP datagram to its answer being sent.",
            registry=self.registry,
            buckets=_FAST,
        )
        self.tftp = Counter(
            "pyxie_tftp_transfers_total",
            "TFTP requests by outcome.",
            ["outcome"],
            registry=self.registry,
        )
        self.tftp_bytes = Counter(
            "pyxie_tftp_sent_bytes_total",
            "File bytes acknowledged by TFTP clients.",
            registry=self.registry,
        )
        self.tftp_resent = Counter(
            "pyxie_tftp_resent_total",
            "Times a TFTP window had to be sent again.",
            registry=self.registry,
        )
        self.tftp_seconds = Histogram(
            "pyxie_tftp_transfer_seconds",
            "Duration of completed TFTP transfers.",
            registry=self.registry,
            buckets=_SLOW,
        )
        self.tftp_active = Gauge(
            "pyxie_tftp_active_transfers", "TFTP transfers in progress.", registry=self.registry
        )
        self.http = Counter(
            "pyxie_http_requests_total",
            "HTTP requests by route, method and status.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self.http_seconds = Spread(
            "pyxie_http_request_seconds",
            "Duration of HTTP requests by route.",
            ["route"],
            registry=self.registry,
            buckets=_SLOW,
        )
        self._http: dict[tuple[str, str, int], tuple[Counter, Spread]] = {}
        self.builds = Counter(
            "pyxie_builds_total",
            "Builds that entered a state.",
            ["state"],
            registry=self.registry,
        )
        self.builds_active = Gauge(
            "pyxie_builds_active", "Machines in build mode.", registry=self.registry
        )
        self.unsaved = Gauge(
            "pyxie_unsaved",
            "What is in memory and waits to be stored, by kind.",
            ["what"],
            registry=self.registry,
        )
        self.state_writable = Gauge(
            "pyxie_state_writable",
            "Whether the state could be written at the last look.",
            registry=self.registry,
        )
        self.builds_in_trouble = Gauge(
            "pyxie_builds_in_trouble",
            "Machines in build mode whose last trouble is not over.",
            registry=self.registry,
        )
        self.render_seconds = Histogram(
            "pyxie_render_seconds",
            "Time in which a worker rendered something, by whom it works for.",
            ["lane"],
            registry=self.registry,
            buckets=_FAST + _SLOW[4:10],
        )
        self.render_stopped = Counter(
            "pyxie_render_stopped_total",
            "Times that rendering was stopped: exhausted its time or memory, or killed.",
            ["lane", "why"],
            registry=self.registry,
        )
        self.verdicts_waiting = Gauge(
            "pyxie_verdicts_waiting",
            "Machines whose build is to be tried while there is nothing else to do.",
            registry=self.registry,
        )
        self.hooks = Counter(
            "pyxie_hooks_total",
            "Hooks that were run, by kind and outcome.",
            ["kind", "outcome"],
            registry=self.registry,
        )
        self.boot_api = Counter(
            "pyxie_boot_api_requests_total",
            "Requests to the API server of boot_api, by outcome.",
            ["outcome"],
            registry=self.registry,
        )
        self.boot_api_seconds = Histogram(
            "pyxie_boot_api_seconds",
            "Time that the API server took to answer, or failed to.",
            registry=self.registry,
            buckets=_SLOW,
        )
        self.image_store = Counter(
            "pyxie_image_store_requests_total",
            "Requests for images that have a copy or might have, by where they came from.",
            ["outcome"],
            registry=self.registry,
        )
        self.image_store_fetched = Counter(
            "pyxie_image_store_fetched_bytes_total",
            "Bytes of the files that were fetched into the image store.",
            registry=self.registry,
        )
        self.image_store_evicted = Counter(
            "pyxie_image_store_evicted_total",
            "Files that made room for others in the image store.",
            registry=self.registry,
        )
        self.image_store_files = Gauge(
            "pyxie_image_store_files", "Files in the image store.", registry=self.registry
        )
        self.image_store_bytes = Gauge(
            "pyxie_image_store_bytes", "Bytes in the image store.", registry=self.registry
        )
        self.bounds = Bounds()
        self.registry.register(self.bounds)
        self.machines = Gauge("pyxie_machines", "Machines in the registry.", registry=self.registry)
        self.machines_broken = Gauge(
            "pyxie_machine_files_broken",
            "Machine files that could not be used.",
            registry=self.registry,
        )

    def count_http(self, route: str, method: str, status: int, *seconds: float) -> None:
        """Count requests; the labels of one are looked up once, not at each request.

        Args:
            route: As it is declared.
            method: In capitals.
            status: Of the answer.
            seconds: How long each took.
        """
        key = route, method, status
        counted = self._http.get(key)
        if counted is None:
            counted = self._http[key] = (
                self.http.labels(route, method, str(status)),
                self.http_seconds.labels(route),
            )
        counted[0].inc(len(seconds))
        counted[1].observe_all(seconds)

    def text(self) -> bytes:
        """Return the Prometheus text exposition."""
        return generate_latest(self.registry)

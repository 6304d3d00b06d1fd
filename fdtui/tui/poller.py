"""The one thread that looks at the machine for whichever screen is in front."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable

from fdtui.errors import CallFailed, FdtuiError

Cancelled = Callable[[], bool]
Job = Callable[[Cancelled], object]
Deliver = Callable[[Job, object], object]

SLOWDOWN = 20  # a look may cost a twentieth of the time between two


class Poller(threading.Thread):
    """Runs one job again and again and delivers each result; requests coalesce.

    A daemon thread: a read that hangs cannot keep fdtui alive.
    """

    def __init__(
        self,
        deliver: Deliver,
        failed: Callable[[FdtuiError], object],
        crashed: Callable[[Exception], object],
        period: float = 1.0,
    ) -> None:
        """`failed`: told why there is no result this time, once in a row."""
        super().__init__(name="poller", daemon=True)
        self._deliver = deliver
        self._failed = failed
        # Screens find their app by it, also while they are being taken away.
        self._context = contextvars.copy_context()
        self._trouble = ""  # why the last look failed
        self._crashed = crashed
        self._base = period
        self._job: Job | None = None
        self._job_period = period
        self._wake = threading.Event()
        self._ended = False
        self._asleep = False  # frozen by the person, or the terminal is not in front
        self.period = period  # the one in force
        self.looks = 0  # delivered so far
        self._cost = 0.0  # seconds that the last look took

    def set_job(self, job: Job | None, period: float | None = None) -> None:
        """Make this the job; it runs at once."""
        self._job = job
        self._cost = 0.0
        self._job_period = self.period = period or self._base
        self._wake.set()

    def drop_job(self, job: Job) -> None:
        """Stop this job, unless another has taken its place already."""
        if self._job is job:
            self._job = None

    @property
    def busy(self) -> bool:
        """There is something to look at, and nobody has said not to."""
        return self._job is not None and not self._asleep

    def poke(self) -> None:
        """Run the job now, also when asleep."""
        self._wake.set()

    def sleep(self, on: bool) -> None:
        """Stop looking, or go on."""
        self._asleep = on
        if not on:
            self._wake.set()

    def stop(self) -> None:
        """End with the current look; does not wait for it."""
        self._ended = True
        self._wake.set()

    def _stale(self, job: Job) -> Cancelled:
        return lambda: self._ended or self._job is not job

    def start(self) -> None:
        """Begin, in the context of who starts it."""
        self._context = contextvars.copy_context()
        super().start()

    def run(self) -> None:
        """Look, deliver, wait for the period or a poke."""
        self._context.run(self._look_on)

    def _look_on(self) -> None:
        while not self._ended:
            job = self._job
            self._wake.clear()
            if job is not None:
                started = time.monotonic()
                failure: FdtuiError | None = None
                try:
                    result = job(self._stale(job))
                except FdtuiError as error:
                    failure = error
                except OSError as error:  # no room for another descriptor or process
                    failure = CallFailed("look", error, "", "looking again goes on")
                except Exception as error:
                    # A defect in a look must end the app with a report, not freeze its screen.
                    self._crashed(error)
                    return
                cost = time.monotonic() - started
                # The first look costs many times the next: two in a row set the pace.
                self.period = max(self._job_period, SLOWDOWN * min(cost, self._cost))
                self._cost = cost
                if failure is not None:
                    if str(failure) != self._trouble:
                        self._failed(failure)
                elif not self._ended and self._job is job:
                    self._deliver(job, result)
                    self.looks += 1
                self._trouble = str(failure or "")
            idle = self._asleep or self._job is None
            self._wake.wait(None if idle else self.period)

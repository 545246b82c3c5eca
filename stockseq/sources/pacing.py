"""How fast and how long a source may ask: spacing between requests, back-off, and a limit to what retries cost."""

import threading
from collections.abc import Callable


class Pacer:
    """Space requests evenly over all threads that share it.

    Parameters
    ----------
    requests_per_second : float
        Above 0.
    clock, sleep : callables
        Seconds that only go forward, and a wait of so many seconds.

    Examples
    --------
    >>> slept = []
    >>> pacer = Pacer(2.0, clock=lambda: 10.0, sleep=slept.append)
    >>> pacer.wait(), pacer.wait(), slept
    (None, None, [0.5])
    """

    def __init__(
        self, requests_per_second: float, *, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._interval = 1.0 / requests_per_second
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next_at = clock()

    def wait(self) -> None:
        """Return when the next request may go out."""
        with self._lock:
            pause = self._next_at - self._clock()
            if pause > 0:
                self._sleep(pause)
            self._next_at = self._clock() + self._interval


class RetryBudget:
    """The seconds that one fetch may lose to failed attempts and to back-off.

    Parameters
    ----------
    first, longest : float
        Seconds of the first back-off; it doubles up to `longest`.
    total : float
        Seconds that may be lost in all; a pause that would exceed them is refused.
    clock, sleep : callables
        As for `Pacer`.

    Examples
    --------
    >>> slept = []
    >>> budget = RetryBudget(first=60, longest=900, total=200, clock=lambda: 0.0, sleep=slept.append)
    >>> [budget.back_off() for _ in range(3)], slept
    ([True, True, False], [60, 120])
    """

    def __init__(
        self,
        *,
        first: float,
        longest: float,
        total: float,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._first = first
        self._longest = longest
        self._remaining = total
        self._clock = clock
        self._sleep = sleep
        self._started = clock()
        self.next_back_off = first
        self.exhausted = False

    @property
    def elapsed(self) -> float:
        """Seconds since the fetch began."""
        return self._clock() - self._started

    def spend(self, seconds: float) -> None:
        """Count time that a failed attempt took."""
        self._remaining -= seconds
        self.exhausted = self.exhausted or self._remaining <= 0

    def pause(self, seconds: float) -> bool:
        """Wait and return True, or return False at once where the wait would exceed the total."""
        if self.exhausted or seconds > self._remaining:
            self.exhausted = True
            return False
        self._sleep(seconds)
        self.spend(seconds)
        return True

    def back_off(self) -> bool:
        """Pause after a refusal for asking too fast, each time twice as long as the last."""
        paused = self.pause(self.next_back_off)
        if paused:
            self.next_back_off = min(2 * self.next_back_off, self._longest)
        return paused

    def reset_back_off(self) -> None:
        """Start again from the first back-off, because an answer came."""
        self.next_back_off = self._first

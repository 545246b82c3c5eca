"""How fast and how long a source may ask: spacing between requests, back-off, and limits to what failures cost."""

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

    def back_off(self, at_least: float = 0.0) -> bool:
        """Pause after a refusal for asking too fast, each time twice as long as the last, or as long as was asked."""
        self.next_back_off = max(self.next_back_off, at_least)
        paused = self.pause(self.next_back_off)
        if paused:
            self.next_back_off = min(2 * self.next_back_off, self._longest)
        return paused

    def reset_back_off(self) -> None:
        """Start again from the first back-off, because an answer came."""
        self.next_back_off = self._first


class LostRequests:
    """The requests that one ticker may lose in one morning, in all fetches together.

    A request is lost if its attempt fails: an answer is refused, broken or missing, or leads elsewhere. What a
    successful attempt took costs nothing, so that faults which pass never add up.

    Parameters
    ----------
    most : int
        Lost requests of one ticker after which none is made for it.

    Examples
    --------
    >>> lost = LostRequests(3)
    >>> lost.begin("KOLA"), lost.count(), lost.count(), lost.settle(failed=True)
    (None, None, None, None)
    >>> lost.begin("KOLA"), lost.count(), lost.exhausted
    (None, None, True)
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._lost: dict[str, int] = {}
        self._ticker = ""
        self._n_pending = 0

    def begin(self, ticker: str) -> None:
        """Begin an attempt for a ticker."""
        self._ticker, self._n_pending = ticker, 0

    def count(self) -> None:
        """Count one request of the attempt."""
        self._n_pending += 1

    def settle(self, *, failed: bool) -> None:
        """End the attempt; only one that failed costs what it took."""
        if failed:
            self._lost[self._ticker] = self._lost.get(self._ticker, 0) + self._n_pending
        self._n_pending = 0

    @property
    def exhausted(self) -> bool:
        """Whether the ticker may lose no further request."""
        return self._lost.get(self._ticker, 0) + self._n_pending >= self.most

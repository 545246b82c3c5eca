"""What yfinance keeps for the life of a process, and how a test takes it away."""

import pytest


def forget_yfinance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take from yfinance what it keeps for the life of a process, as a fresh process would find it."""
    import yfinance.base
    from yfinance import cache
    from yfinance.data import SingletonMeta, YfData

    YfData.cache_get.cache_clear()
    monkeypatch.setattr(SingletonMeta, "_instances", {})
    monkeypatch.setattr(cache._CookieCacheManager, "_Cookie_cache", None)
    monkeypatch.setattr(cache._TzCacheManager, "_tz_cache", None)
    monkeypatch.setattr(yfinance.base, "_tz_info_fetch_ctr", 0)

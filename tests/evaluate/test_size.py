"""Under no skill the headline test rejects as often as it says; the full measurement is in bench/bench_size.py."""

import numpy as np

from stockseq.evaluate.significance import pesaran_timmermann, pesaran_timmermann_clustered


def test_one_view_for_all_tickers_fools_the_naive_test_and_not_the_clustered_one() -> None:
    """400 null panels of 120 sessions x 12 tickers that move together; nominal 5 %, standard error 1.1 %."""
    rng = np.random.default_rng(81)
    sessions = np.repeat(np.arange(120), 12)
    naive, clustered = [], []
    for _ in range(400):
        up = (np.sqrt(0.3) * rng.normal(size=(120, 1)) + np.sqrt(0.7) * rng.normal(size=(120, 12)) > 0).ravel()
        forecast_up = np.repeat(rng.random(120) > 0.5, 12)
        for results, test in (
            (naive, pesaran_timmermann(up, forecast_up)),
            (clustered, pesaran_timmermann_clustered(up, forecast_up, sessions)),
        ):
            assert test is not None
            results.append(test.p < 0.05)
    assert np.mean(naive) > 0.12
    assert 0.02 < np.mean(clustered) < 0.085

"""Two columns differ where a value moved by more than rounding, or at all."""

import numpy as np
import pandas as pd

from stockseq.testing.causality import differs


def test_without_a_tolerance_one_bit_is_a_difference() -> None:
    """Forecasts are the same to the bit, or something else was known."""
    half = pd.Series([0.5])
    assert differs(half, np.nextafter(half, 1.0), tolerance=0.0).all()
    assert not differs(half, np.nextafter(half, 1.0), tolerance=1e-9).any()

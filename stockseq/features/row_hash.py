"""Hashes of table rows, all rows at once."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd

# The odd constants of splitmix64.
MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB), np.uint64(0x9E3779B97F4A7C15))
SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))
# So few rows stay in a processor's cache from one column to the next.
ROWS_AT_ONCE = 16_384


def column_bits(values: pd.Series) -> np.ndarray:
    """Return the bits of floats or instants, uint64."""
    kind = "float64" if pd.api.types.is_float_dtype(values.dtype) else "datetime64[us]"
    return values.to_numpy(dtype=kind).view("uint64")


def mix(values: np.ndarray) -> np.ndarray:
    """Return splitmix64's hash of 64-bit numbers, which overflow on purpose."""
    mixed = (values ^ (values >> SHIFTS[0])) * MULTIPLIERS[0]
    mixed = (mixed ^ (mixed >> SHIFTS[1])) * MULTIPLIERS[1]
    hashed: np.ndarray = mixed ^ (mixed >> SHIFTS[2])
    return hashed


def hash_columns(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Return one hash per row, of the bits of its columns in their order."""
    hashes = np.zeros(len(columns[0]), dtype=np.uint64)
    for at in range(0, len(hashes), ROWS_AT_ONCE):
        rows = slice(at, at + ROWS_AT_ONCE)
        for column in columns:
            hashes[rows] = mix((hashes[rows] + MULTIPLIERS[2]) ^ column[rows])
    return hashes


def hash_text(text: str) -> np.uint64:
    """Return a hash of a text, the same in every process."""
    return np.uint64(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big"))


def running_sums(hashes: np.ndarray) -> np.ndarray:
    """Return the sums of the first 0, 1, 2, ... hashes, which overflow on purpose."""
    return np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(hashes, dtype=np.uint64)])

"""The Delta tables under one data root: `from stockseq.store import Store`."""

from stockseq.store.lock import StoreLock
from stockseq.store.store import Store
from stockseq.store.tables import TABLES, Table

__all__ = ["TABLES", "Store", "StoreLock", "Table"]

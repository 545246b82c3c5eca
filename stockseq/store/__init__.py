"""The Delta tables under one data root: `from stockseq.store import Store`."""

from stockseq.store.appends import Appended, arrange, extend_market
from stockseq.store.root import local_folder, withdraw
from stockseq.store.store import Store
from stockseq.store.tables import TABLES, Table

__all__ = ["TABLES", "Appended", "Store", "Table", "arrange", "extend_market", "local_folder", "withdraw"]

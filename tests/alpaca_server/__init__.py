"""Alpaca's news on loopback: its parameters, pages, keys, limits and the revisions of its items.

The headlines of a simulated market become its items by `items_of`; with `now` set, what comes later isn't there yet.
"""

from tests.alpaca_server.items import Item, Version, item, items_of
from tests.alpaca_server.server import KEY_ID, SECRET_KEY, AlpacaServer, set_keys

__all__ = ["KEY_ID", "SECRET_KEY", "AlpacaServer", "Item", "Version", "item", "items_of", "set_keys"]

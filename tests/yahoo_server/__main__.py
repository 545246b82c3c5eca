"""Run the loopback Yahoo until it is interrupted: `python -m tests.yahoo_server --folder /tmp/yahoo`."""

import argparse
import json
import sys
import threading
from pathlib import Path

import pandas as pd

from stockseq.sources.simulated import SimulatedMarket
from tests.yahoo_server.server import YahooServer
from tests.yahoo_server.simulated import SimulatedListings


def main() -> None:
    """Serve a simulated market, and print the environment that takes it for Yahoo as one line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.yahoo_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free one")
    parser.add_argument("--folder", type=Path, required=True, help="where the certificate of the authority goes")
    parser.add_argument("--sessions", type=int, default=300, help="length of the market")
    parser.add_argument("--tickers", type=int, default=30, help="how many tickers are listed")
    parser.add_argument("--seed", type=int, default=100, help="of the market")
    parser.add_argument("--now", help="Yahoo's clock, such as 2019-02-01T23:00Z; the market's end if not given")
    parser.add_argument("--faults", default="[]", help='JSON such as [{"kind": "429", "ticker": "BANVEX", "times": 2}]')
    chosen = parser.parse_args()

    market = SimulatedMarket(n_sessions=chosen.sessions, n_tickers=chosen.tickers, seed=chosen.seed)
    closes = market.calendar.schedule.loc[market.sessions[: market.n_sessions], "close"]
    now = pd.Timestamp(chosen.now) if chosen.now else closes.iloc[-1] + pd.Timedelta(hours=1)
    chosen.folder.mkdir(parents=True, exist_ok=True)
    server = YahooServer(
        SimulatedListings(market), now=now, folder=chosen.folder, calendar=market.calendar, port=chosen.port
    )
    for fault in json.loads(chosen.faults):
        server.faults.add(**fault)
    with server:
        sys.stdout.write(json.dumps({"environment": server.environment(), "tickers": market.tickers}) + "\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()

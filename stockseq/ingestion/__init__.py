"""From sources into the store: `from stockseq.ingestion import ingest, universe`."""

from stockseq.ingestion.ingest import Ingested, ingest, universe

__all__ = ["Ingested", "ingest", "universe"]

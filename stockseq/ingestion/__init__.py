"""From sources into the store: `from stockseq.ingestion import ingest, ingest_missing, universe`."""

from stockseq.ingestion.ingest import Ingested, ingest, ingest_missing, universe

__all__ = ["Ingested", "ingest", "ingest_missing", "universe"]

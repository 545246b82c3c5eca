"""Whether this machine, this store and these settings are fit for the next morning, and what to do where not."""

from stockseq.doctor.check import Check, Diagnosis
from stockseq.doctor.diagnose import diagnose

__all__ = ["Check", "Diagnosis", "diagnose"]

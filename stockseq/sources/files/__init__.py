"""Bars and headlines from files: `from stockseq.sources.files import FilesSource`."""

from stockseq.sources.files.source import FilesSource
from stockseq.sources.settings import FilesSettings

__all__ = ["FilesSettings", "FilesSource"]

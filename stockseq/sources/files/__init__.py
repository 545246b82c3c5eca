"""Bars and headlines from files: `from stockseq.sources.files import FilesSource`."""

from stockseq.sources.files.source import FilesSettings, FilesSource

__all__ = ["FilesSettings", "FilesSource"]

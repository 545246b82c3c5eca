"""The memory that this process holds without using it."""

import ctypes
import sys


def release_memory() -> None:
    """Give the machine what this process has freed and still holds for itself.

    Between stages that each need other large arrays. The allocator keeps what was freed, and under the settings that
    let training reuse its buffers (`MALLOC_TRIM_THRESHOLD_`) it would keep it for good: what building features needed
    for a moment would stand beside all that training needs. Does nothing where the C library has no such call.
    """
    if "pyarrow" in sys.modules:
        import pyarrow as pa

        pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)

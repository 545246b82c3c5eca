"""What TensorFlow reads from the environment, unless the user has set it."""

import os

# The product speaks, not its libraries. oneDNN's kernels round by the machine they run on, and an operation spread
# over cores by their number; ours should not. Cores are kept busy by networks side by side: threads that wait for a
# share of a small operation cost more than it.
ENVIRONMENT = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "TF_NUM_INTRAOP_THREADS": "1"}


def prepare_tensorflow() -> None:
    """Set the variables that the user has not; it must be done before TensorFlow is loaded."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)

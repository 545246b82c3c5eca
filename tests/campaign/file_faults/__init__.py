"""A library that is preloaded into a run: it counts and notes the calls that change files, and lets them fail."""

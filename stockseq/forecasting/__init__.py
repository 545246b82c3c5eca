"""Fitting forecasters and judging them out of sample: the walk forward, its placebos, and who is champion."""

"""The campaign: thousands of faults, foes and random inputs against the whole product, each with a verdict.

`make campaign` runs all of it, and goes on where it stopped. A short form of it runs in `make test`.
"""

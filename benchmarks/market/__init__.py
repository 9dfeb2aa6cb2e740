"""The statistics of a market beside those of the real one: `python -m benchmarks.market`.

Files are all that is known of a market, so that a folder of real ones is measured in the same way. One row alone, of
the signal without noise, asks the generator.
"""

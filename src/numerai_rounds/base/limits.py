"""How large the files of a tournament may be: far beyond what real ones will be for decades.

A file of a few megabytes can claim, and unpack to, more than any machine holds. Whatever is read is measured first,
by what its end tells (the footer of a parquet file), and refused beyond these.
"""

LIVE_ROWS = 250_000
"""Of a live file: 7,100 today, the stocks of one day. All stocks of the world are 60,000."""

ROWS = 50_000_000
"""Of any other file: the history has 6.9 million today, and 370,000 more each year."""

COLUMNS = 50_000
"""Of any file: v5.3 has 3,600, and has doubled once in five years."""

ROW_GROUPS = 50_000
"""Of any file: real ones have a few hundred; 20,000 if each era had its own."""

FOOTER_BYTES = 256 << 20
"""Of a parquet file. 600 row groups of 3,600 columns, with the ranges of their values, take 200 MB."""

DENSEST = 50
"""Values in a byte of a parquet file. Five levels drawn evenly are 3.4, and half of a real file may be absent."""

FREE_VALUES = 50_000_000
"""Values that any file may hold, however small it is: a column or two that never change take next to nothing."""

VALUE_BYTES, ROW_BYTES, PAGES = 24, 10_000, 64 << 10
"""Bytes that a row group may unpack to: of a number (they take 8), of a row's texts, of a column beside its values."""

TEXT = 200
"""Letters of an id, an era or a data_type: real ones have 16 at most."""

NAME = 5_000
"""Letters of the name of a column, a feature set or a target: real ones have 70 at most."""

ERAS = 20_000
"""Of any file: 1,221 today; this is 384 years of weeks."""

JSON_BYTES = 64 << 20
"""Of a features.json or any other JSON: the largest real one has 2 MB."""

JSON_DEPTH = 50
"""Brackets within brackets: real ones have 3."""

SETS = 10_000
"""Feature sets, and targets, that a features.json names: 20 and 40 today."""

LINE = 16 << 20
"""Letters of a line of a CSV: a row of 50,000 columns has a million."""

YAML_DEPTH, YAML_PARTS = 50, 1_000_000
"""Mappings and lists within others, and values of a YAML file: dvc.lock has 6, and 3,000."""

WHOLE = 2**31 - 1
"""Of a whole number that is chosen: LightGBM would take what is left of a larger one after division by 2**32."""

LARGEST = 1e12
"""Of any other number that is chosen: products of a few such numbers are finite."""

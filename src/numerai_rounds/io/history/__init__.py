"""History on disk: a folder a side (`train`, `validation`), in chunks of whole eras, so that a week changes few files.

    manifest.json                       names, and for each chunk its eras and the digests of its two files
    features/0001-0016.levels           five levels, three values to a byte (`levels`)
    targets/0001-0016.parquet           ids, eras and all targets, which resolve weeks after the features are known

`io.fetch` makes a store and looks at it; everything else reads it through `reader.History`, and the live file through
`live.Live`. Arrays of features have a row a feature: shape (features, rows).
"""

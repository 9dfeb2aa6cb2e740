"""Models. One file is one kind, found by its name.

Each module defines `class Params(Section)` with `kind: Literal["<its name>"]`, and

    fit(params, features, names, target, seed, threads, progress) -> Model
    load(text) -> Model

`features` is int8, shape (rows, features), levels 0 to 4, best with contiguous columns (Fortran order);
`names` are those of its columns; `target` is float32, finite, shape (rows,). `progress` is called with the
share of the work done since its last call; the shares sum to 1. `threads` changes the speed and nothing
else (0: every core). `load` refuses any other text with a DataError.
"""

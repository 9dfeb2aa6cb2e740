"""Models. One file is one kind, found by its name.

Each module defines `class Dataset(Section)`, the parameters of the form in which this kind keeps its training rows,
`class Params(Section)` with `kind: Literal["<its name>"]` and `dataset: Dataset`, and

    build(dataset, rows, threads, destination, progress) -> None
    fit(params, dataset, seed, threads, progress) -> Model
    load(text) -> Model

`build` writes that form of the `Rows` into `destination`, an empty folder; the bytes follow from rows and parameters
alone. `fit` trains on what `build` wrote into the folder `dataset`, and refuses anything else with a DataError.
They take paths because LightGBM reads and writes its own files; nothing else in this layer does.
`progress` is called with the share of the work done since its last call; the shares sum to 1. `threads` changes
the speed and nothing else (0: every core). `load` refuses any other text with a DataError.
"""

"""Models. One file is one kind, found by its name.

Each module defines `class Dataset(Section)`, the parameters of the form in which this kind keeps its training rows,
`class Params(Section)` with `kind: Literal["<its name>"]` and `dataset: Dataset`, and

    build(dataset, rows, threads, destination, progress) -> None
    fit(params, dataset, seed, threads, progress) -> Model
    load(text) -> Model
    portable(text) -> function

`build` writes that form of the `Rows` into `destination`, an empty folder; the bytes follow from rows and parameters
alone. `fit` trains on what `build` wrote into the folder `dataset`, and refuses anything else with a DataError.
They take paths because LightGBM reads and writes its own files; nothing else in this layer does.
`progress` is called with the share of the work done since its last call; the shares sum to 1. `threads` changes
the speed and nothing else (0: every core). `load` refuses any other text with a DataError.

`portable` gives what `Model.predict` does, bit for bit and on one thread, as a function for where this project is not:
it takes the features as an array of any numbers, shape (rows, features), and gives the predictions, shape (rows,). It
is defined inside another function, names nothing of its module, imports what it needs when called, and closes over
text, numbers, lists of them, and functions like itself.
"""

"""Ways to choose features. One file is one kind, found by its name.

Each module defines `class Params(Section)` with `kind: Literal["<its name>"]`, and

    candidates(params, features, feature_sets) -> list[str]

the features worth looking at, given all features in the order of the data and the named sets of
features.json; and

    choose(params, table) -> DataFrame[feature, score]

the chosen ones in order of choice, given the candidates' table of `correlation.Correlations`, made on
training eras only. `score` is finite; higher is better.
"""

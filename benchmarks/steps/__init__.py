"""What is measured. One file is one step, found by its name.

Each module has a docstring whose first line is its title in the report, `ORDER`, its place among the steps, and

    run(bench) -> Iterator[Comparison | Table | Finding]

which measures, and yields what it finds as soon as it knows. The name of a `Finding` is one of `targets.TARGETS`.
Whatever is measured runs in a process of its own: `bench.race` takes functions of the module (`measure.call`, or
`project.call` where they read what lies in the clone), stages and commands. Such functions import what they need
themselves, so that this process stays small.
"""

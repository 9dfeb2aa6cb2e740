"""Where data comes from. One file is one source, found by its name.

Each module defines `class Params(DataSection)` with `kind: Literal["<its name>"]`, and

    current_round(params, pinned) -> int | None
    is_open(params, number) -> bool
    pins(params, number, pinned) -> dict[role, Pin], dict[role, Pin]
    live_pins(params, number, pinned) -> dict[role, Pin]
    payout(params, number) -> Payout | None
    cadence(params) -> "weekly" or "monthly"
    check_pins(params, pinned) -> None
    fetch(params, number, role, pin, destination) -> None

`pinned` is the round in conf/round.yaml, None where there is none of this source; in `pins` and `live_pins` it may be
left out. `current_round` is None if a source has no rounds, and a ClosedError between them. `is_open` tells whether
submissions to a round are taken. `pins` are the files of the history and those of the live era as the source has them
now, by role (`base.roles`): a file that is still the pinned one keeps its pin. `payout` is None if nobody pays, or in
a way that is not known. `cadence` is how far apart eras are. `check_pins` raises a ConfigurationError for pins of
other parameters. `fetch` writes the pinned file and no other at `destination`, whole or not at all.

Every stage loads the source in use to check its parameters, so what is heavy is imported where it is needed.
"""

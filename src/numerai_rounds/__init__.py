"""The Numerai tournament as a reproducible pipeline."""

from numerai_rounds.base import surroundings

# Before any library reads it; in somebody's notebook the environment is theirs.
if surroundings.is_own_process():
    surroundings.settle()

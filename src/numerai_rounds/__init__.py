"""The Numerai tournament as a reproducible pipeline."""

import os

from numerai_rounds.base import surroundings

# LightGBM's threads otherwise spin while they wait, and take the processor from whatever else runs: ten to eighty times
# slower on a machine that is not idle. Read once, when LightGBM is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

surroundings.settle()

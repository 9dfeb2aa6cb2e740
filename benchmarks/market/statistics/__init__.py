"""Every statistic: functions of a study whose docstrings are the definitions on the page, and the rows they become."""

from benchmarks.market.row import Statistic
from benchmarks.market.statistics import features, models, others, shape, signal

STATISTICS: dict[str, Statistic] = {
    name: statistic
    for module in (models, others, signal, features, shape)
    for name, statistic in module.STATISTICS.items()
}
"""By the name that the command line knows, in the order of the page."""

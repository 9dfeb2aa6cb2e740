"""Whether the data that are here are of the files that a round pins."""

from numerai_rounds.base.errors import DataError
from numerai_rounds.base.params import Round
from numerai_rounds.io.files import paths, vouched
from numerai_rounds.io.history import fetched


def refuse_other(part: str, pinned: Round) -> None:
    """DataError where a part (`history`, `live`) that is here is not of the files that a round pins.

    DamagedError where the list of its files is not what `fetch` wrote.
    """
    folder = fetched.FOLDERS[part]
    if not folder.exists():
        return
    vouched.check(folder / fetched.MANIFEST)
    if other := fetched.others(part, pinned.history if part == "history" else pinned.live):
        raise DataError(
            f"{folder} is not of what {paths.ROUND} pins for {pinned.title} ({other[0]} is another file): the "
            f"pins were changed after it was fetched. Run `dvc repro --force fetch@{part}`, then `dvc repro`."
        )

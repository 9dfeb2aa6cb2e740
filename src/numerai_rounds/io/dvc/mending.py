"""What was damaged here is restored: from DVC's cache, whose copies are looked at first, its remote, or git."""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from numerai_rounds.base.errors import RoundsError
from numerai_rounds.io import console
from numerai_rounds.io.dvc import pipeline, run_cache
from numerai_rounds.io.files import atomic, dvc_cache, vouched
from numerai_rounds.io.files.vouched import Vouched
from numerai_rounds.io.repository import git


class _File(NamedTuple):
    """A file that dvc.lock vouches for, and what is the matter with it."""

    path: Path
    output: str
    """The output that it is, or lies in."""
    digest: str
    is_sound: bool
    """Or not here at all, as the whole output is not."""


def mend() -> dict[str, str]:
    """Restore every file that is not what its stage wrote; those without a sound copy anywhere, and their stages.

    Copies in the cache that are damaged are removed, or made anew from a sound file: DVC would bring them back. What
    cannot be restored gets a new time of change, so that DVC looks at it and runs its stage again. Damaged entries of
    the run-cache are removed.
    """
    run_cache.drop_damaged()
    outputs = vouched.outputs()
    left, unknown = _mended(outputs)
    if (left or unknown) and pipeline.remotes():
        _fetch({*unknown, *(file.output for file in left)})
        left, unknown = _mended(outputs)
    beneath = [path for name in unknown for path in Path(name).rglob("*") if path.is_file()]
    for path in [*(file.path for file in left), *beneath]:
        if path.exists():
            os.utime(path)
    lost = {str(file.path): file.output for file in left} | {name: name for name in unknown}
    return {path: outputs[output].stage for path, output in lost.items()}


def make_again(lost: Mapping[str, str]) -> None:
    """Run the stages of what `mend` could not restore, in their order."""
    stages = [output.stage for output in vouched.outputs().values()]
    pipeline.force([stage for stage in dict.fromkeys(stages) if stage in lost.values()])


def _mended(outputs: Mapping[str, Vouched]) -> tuple[list[_File], list[str]]:
    """Files that could not be restored, and folders of which it is not even known what was in them."""
    unknown = [name for name, output in outputs.items() if not _mend_listing(Path(name), output)]
    if unknown:
        _drop_damaged()
    files = [file for name, output in outputs.items() if name not in unknown for file in _files(Path(name), output)]
    for file in files:
        _mend_copy(file)
    for name in sorted(set(outputs).difference(unknown)):
        _drop_foreign(Path(name), {file.path for file in files})
    return [file for file in files if not file.is_sound and not _restored(file)], unknown


def _mend_listing(path: Path, output: Vouched) -> bool:
    """See that the cache lists the files of an output, or has no list; whether they are known, or none is here."""
    digest = output.digest
    if not digest.endswith(dvc_cache.FOLDER) or dvc_cache.listing(digest) is not None:
        return True
    dvc_cache.place(digest).unlink(missing_ok=True)
    if not path.is_dir():
        return True
    found = vouched.hashed(path)
    if dvc_cache.digest_of(found) != digest:
        return False
    with atomic.writing(dvc_cache.place(digest)) as temporary:
        temporary.write_bytes(dvc_cache.listed(found))
    dvc_cache.place(digest).chmod(dvc_cache.MODE)
    console.say(f"{dvc_cache.place(digest)} in DVC's cache was damaged or missing: made anew from {path}")
    return True


def _drop_damaged() -> None:
    """Remove every damaged content from the cache, whatever it is of."""
    for copy in dvc_cache.every():
        if not dvc_cache.is_sound(copy.parent.name + copy.name):
            copy.unlink()
            console.say(f"{copy} in DVC's cache was damaged: removed")


def _files(path: Path, output: Vouched) -> Iterator[_File]:
    """Every file of an output."""
    if not output.digest.endswith(dvc_cache.FOLDER):
        listed = {path: output.digest}
    else:
        listed = {path / name: digest for name, digest in (dvc_cache.listing(output.digest) or {}).items()}
    with console.progress(f"comparing {path}", len(listed), "files") as advance:
        for file, digest in listed.items():
            is_sound = dvc_cache.md5_of(file) == digest if file.is_file() else not path.exists()
            yield _File(file, str(path), digest, is_sound)
            advance(1)


def _drop_foreign(folder: Path, known: set[Path]) -> None:
    """Remove what lies in an output and is not of it, such as a later week's chunk, where the cache has it as well."""
    for path in vouched.files(folder):
        if path not in known and dvc_cache.is_sound(dvc_cache.md5_of(path)):
            path.unlink()
            console.say(f"{path} is not of this commit: removed, DVC's cache keeps it")
        elif path not in known:
            console.complain(f"{path} is nothing that a stage wrote: move it away.")


def _mend_copy(file: _File) -> None:
    """See that the cache has a sound copy of a file, or none."""
    copy = dvc_cache.place(file.digest)
    if not copy.exists() or dvc_cache.is_sound(file.digest):
        return
    copy.unlink()
    if file.is_sound and file.path.is_file():
        _copy(file.path, copy)
        copy.chmod(dvc_cache.MODE)
    console.say(f"{copy} in DVC's cache was damaged ({file.path}): {'made anew' if copy.exists() else 'removed'}")


def _restored(file: _File) -> bool:
    """Whether a file could be restored."""
    if dvc_cache.is_sound(file.digest):
        _copy(dvc_cache.place(file.digest), file.path)
        console.say(f"{file.path} was not what its stage wrote: restored from DVC's cache")
        return True
    committed = git.show("HEAD", file.path)
    if committed is not None and dvc_cache.md5(committed.encode()) == file.digest:
        atomic.write_text(file.path, committed)
        console.say(f"{file.path} was not what its stage wrote: restored from git")
        return True
    dvc_cache.place(file.digest).unlink(missing_ok=True)
    return False


def _copy(source: Path, destination: Path) -> None:
    with atomic.writing(destination) as temporary:
        shutil.copyfile(source, temporary)


def _fetch(outputs: set[str]) -> None:
    try:
        pipeline.fetch(sorted(outputs))
    except RoundsError as error:
        console.complain(str(error))

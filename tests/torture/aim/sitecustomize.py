"""In every Python of a run: writes a list of what is about to be written, or dies at one of those moments.

TORTURE_LIST     a file that takes a line for each moment
TORTURE_AIM      the moment to die at: `MANNER|OPERATION|PATTERN|NUMBER`
TORTURE_WITHIN   the folder that matters: the repository, and the remotes beside it
TORTURE_CHANCE   the share of a file that is kept, or of a moment that is waited
"""

import os
import re
import signal
import sys
import threading
import time

WITHIN = os.environ.get("TORTURE_WITHIN", "")
LIST = os.environ.get("TORTURE_LIST", "")
AIM = os.environ.get("TORTURE_AIM", "")
CHANCE = float(os.environ.get("TORTURE_CHANCE", "0.5"))
LONGEST = 0.06
"""Seconds that a program which was started is left at most."""

OTHERS = {"os.rename": 1, "os.remove": 0, "os.link": 1, "os.symlink": 1, "os.mkdir": 0, "os.rmdir": 0, "os.truncate": 0}
"""Audited operations that write, and which of their arguments is what they write."""

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
NORMAL = [
    (re.compile(r"\.[\w-]{22}\.tmp"), ".RANDOM.tmp"),
    (re.compile(r"\.\d+\.tmp"), ".PID.tmp"),
    (re.compile(r"/[0-9a-f]{2}/[0-9a-f]{30}"), "/HASH"),
    (re.compile(r"/[0-9a-f]{2}/[0-9a-f]{64}"), "/HASH"),
    (re.compile(r"/[0-9a-f]{2}(?=/\.|$)"), "/HA"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"[0-9a-f]{32,64}"), "HASH"),
    (re.compile(r"-[0-9a-f]{8,12}\b"), "-HEX"),
    (re.compile(r"tmp[0-9a-z_]{8}"), "tmpRANDOM"),
    (re.compile(r"/[A-Za-z0-9_-]{22}(?=/|$)"), "/RANDOM"),
    (re.compile(r"/\d{4}-\d{4}\."), "/ERAS."),
]
within = threading.local()
seen = {"armed": ""}


def pattern(path: object) -> str | None:
    """A path as it is called in every run; None for one that does not matter."""
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if not isinstance(path, str):
        return None
    full = os.path.realpath(os.path.dirname(os.path.abspath(path))) + "/" + os.path.basename(path)
    if not full.startswith(WITHIN + "/") or full.endswith(".pyc") or "__pycache__" in full:
        return None
    short = full[len(WITHIN) :]
    for found, put in NORMAL:
        short = found.sub(put, short)
    return short[1:]


def moment(event: str, arguments: tuple) -> tuple[str, str, str] | None:
    """The operation, pattern and path of what is about to be written; None for anything else."""
    if event == "open":
        path, mode, flags = arguments
        writes = any(letter in mode for letter in "wax+") if isinstance(mode, str) else bool((flags or 0) & WRITES)
        if writes and is_refused(path, mode, flags):
            return None
        name = pattern(path) if writes else None
        return None if name is None else ("open", name, os.path.abspath(os.fsdecode(path)))
    if event in OTHERS:
        path = arguments[OTHERS[event]]
        name = pattern(path)
        needless = os.path.isdir(path) if event == "os.mkdir" else event == "os.remove" and not os.path.lexists(path)
        return None if name is None or needless else (event, name, "")
    if event == "subprocess.Popen":
        words = [os.path.basename(str(arguments[0]))] + [str(word) for word in list(arguments[1])[1:]]
        if words[0].startswith("git"):
            return ("git", verb(words[1:]), "")
    return None


def is_refused(path: object, mode: object, flags: int | None) -> bool:
    """Whether a file is only asked for if there is none, and there is one: nothing is written."""
    only_new = "x" in mode if isinstance(mode, str) else bool((flags or 0) & os.O_EXCL)
    return only_new and isinstance(path, str | bytes) and os.path.lexists(path)


def verb(words: list[str]) -> str:
    """What git is to do: `commit`."""
    while words and words[0].startswith("-"):
        words = words[2 if words[0] in {"-c", "-C", "--git-dir", "--work-tree"} else 1 :]
    return words[0] if words else ""


def note(file: str, line: str) -> int:
    """Append a line to a file; how many there are of it."""
    known = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(known, line.encode() + b"\n")
    os.lseek(known, 0, 0)
    content = b""
    while block := os.read(known, 1 << 20):
        content += block
    os.close(known)
    return content.split(b"\n").count(line.encode())


def hit() -> None:
    """Let it be known that the moment has come."""
    os.close(os.open(f"{LIST}.aim.hit", os.O_WRONLY | os.O_CREAT, 0o600))


def die() -> None:
    hit()
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def die_with_children() -> None:
    """After a moment, with whatever this process started."""
    time.sleep(LONGEST * CHANCE)
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as stat:
                    parent = stat.read().rpartition(")")[2].split()[1]
                if int(parent) == os.getpid():
                    os.kill(int(name), signal.SIGKILL)
            except OSError:
                pass
    die()


def cut(path: str) -> None:
    """Leave a beginning of a file that has been written, and die; nothing where none of it is there yet."""
    try:
        size = os.stat(path).st_size
    except OSError:
        return
    if size:
        os.truncate(path, int(size * CHANCE))
        die()


def aimed(operation: str, name: str, path: str) -> None:
    manner, wanted, _, number = AIM.split("|")
    if (wanted, AIM.split("|")[2]) != (operation, name) or note(f"{LIST}.aim", f"{operation}|{name}") != int(number):
        return
    if manner == "before":
        die()
    elif manner == "emptied":
        if os.path.exists(path):
            os.truncate(path, 0)
        die()
    elif manner == "cut":
        seen["armed"] = path
    elif manner == "during":
        threading.Thread(target=die_with_children, daemon=True).start()


def heard(event: str, arguments: tuple) -> None:
    if getattr(within, "hook", False) or (event != "open" and event not in OTHERS and event != "subprocess.Popen"):
        return
    within.hook = True
    try:
        if seen["armed"]:
            cut(seen["armed"])
        found = moment(event, arguments)
        if found is not None:
            operation, name, path = found
            if AIM:
                aimed(operation, name, path)
            elif LIST:
                note(LIST, f"{operation}|{name}")
    except OSError:
        pass
    finally:
        within.hook = False


if WITHIN:
    sys.addaudithook(heard)

"""The machine under a bench: what it is, which core a process runs on, what CPU and memory it took."""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec

from deploy.local.settings import LocalSettings

SERVER_CORE: Final = 0
LOAD_CORE: Final = 1
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PACKAGES: Final = ("aiohttp", "uvloop", "faust-streaming", "aiokafka", "msgspec", "pyarrow", "chdb")
_PROGRAMS: Final = {
    "nginx": ["nginx", "-v"],
    "wrk": ["wrk", "-v"],
}
_PACKAGE_OF: Final = {"chromium": "chromium", "nginx": "nginx-light", "taskset": "util-linux", "wrk": "wrk"}


class MissingProgramError(Exception):
    """A bench needs a program that is not installed; the message says which package has it."""


class Machine(msgspec.Struct, frozen=True):
    """Where figures come from. Ratios travel between machines, absolute figures don't."""

    cores: int
    cpu: str
    memory_gib: int
    kernel: str
    load_average: float
    """Over the last 15 minutes: more than two means that others worked here meanwhile."""
    versions: dict[str, str]


def describe() -> Machine:
    """This machine, and the versions of what is measured on it."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    versions = {"python": platform.python_version(), "kafka": LocalSettings.load({}).kafka_version}
    versions |= {name: version(name) for name in _PACKAGES}
    for name, command in _PROGRAMS.items():
        if shutil.which(name):
            ended = subprocess.run(command, capture_output=True, text=True, check=False)
            versions[name] = (ended.stdout + ended.stderr).split("\n")[0].replace("nginx version: ", "")[:40]
    return Machine(
        cores=os.cpu_count() or 1,
        cpu=model[1] if model else platform.machine(),
        memory_gib=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30,
        kernel=platform.release(),
        load_average=os.getloadavg()[2],
        versions=versions,
    )


def require(program: str) -> str:
    """The program's path. Raises MissingProgramError."""
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if path is None:
        raise MissingProgramError(
            f"this bench needs {program}: install it (Debian: apt-get install {_PACKAGE_OF[program]})"
        )
    return path


def run_bench(main: Callable[[], None], *, needs: Iterable[str] = ()) -> None:
    """Run a bench; a program that is missing is said in one line, and before anything is measured."""
    try:
        for program in needs:
            require(program)
        main()
    except MissingProgramError as error:
        sys.exit(f"bench: {error}")


def on_core(core: int | None, command: list[str]) -> list[str]:
    """The command, bound to one core from its first instruction on; to none with None."""
    return command if core is None else [require("taskset"), "-c", str(core), *command]


def pin(pid: int, core: int | None) -> None:
    """Bind a running process to a core: every thread that it has; those to come inherit it. Nothing with None."""
    if core is None:
        return
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})


def stolen_seconds() -> float:
    """CPU seconds that the host gave to others while this machine wanted them, of all cores, since boot."""
    ticks = Path("/proc/stat").read_text().split("\n", 1)[0].split()[8]
    return int(ticks) / _TICKS


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (proc(5), stat, fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def rss_bytes(pid: int) -> int:
    """Resident memory of a process (proc(5), statm, field 2)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def disk_bytes(directory: Path) -> int:
    """Sizes of all files below a directory; one that vanishes meanwhile counts nothing."""
    total = 0
    for path in directory.rglob("*"):
        try:
            if path.is_file():
                total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total

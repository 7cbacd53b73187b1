"""One command, measured: wall time, CPU time and memory of it and everything it starts.

CPU time and the largest process are the kernel's own figures (wait4). The sum over all processes is sampled ten times a
second from /proc, so that of a very short command is its largest process; memory that processes share counts in each.
Knows nothing of what is measured.
"""

import os
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

LIMIT_S = 3600
PAGE = os.sysconf("SC_PAGE_SIZE")


class Usage(NamedTuple):
    seconds: float
    cpu_seconds: float
    largest_process: int  # bytes
    all_processes: int  # bytes, at the sampled moment when it was most

    def then(self, other: "Usage") -> "Usage":
        """Of this command and another one after it."""
        return Usage(self.seconds + other.seconds, self.cpu_seconds + other.cpu_seconds,
                     max(self.largest_process, other.largest_process), max(self.all_processes, other.all_processes))


class Done(NamedTuple):
    code: int  # negative: killed by that signal
    text: str  # stdout and stderr
    usage: Usage


def resident(pid: int) -> int:
    """Bytes of a process; 0 if it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


class Sampler(threading.Thread):
    """Follows the memory of a process and its descendants until stop()."""

    def __init__(self, pid: int):
        super().__init__(daemon=True)
        self.most = 0
        self._family, self._others = {pid}, {os.getpid()}
        self._over = threading.Event()
        self.start()

    def stop(self) -> int:
        self._over.set()
        self.join()
        return self.most

    def run(self) -> None:
        wait = 0.05
        while not self._over.wait(wait):
            self.most = max(self.most, self._sample())
            wait = 0.1

    def _sample(self) -> int:
        alive = {int(name) for name in os.listdir("/proc") if name.isdigit()}
        for pid in sorted(alive - self._family - self._others):
            (self._family if self._parent(pid) in self._family else self._others).add(pid)
        self._others &= alive  # numbers are used again
        return sum(resident(pid) for pid in self._family & alive)

    @staticmethod
    def _parent(pid: int) -> int:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return 0
        return int(stat[stat.rindex(")") + 2:].split()[1])


def run(command: list[str], cwd: Path, environment: dict[str, str]) -> Done:
    """Runs it with exactly this environment, no input, and output to a file, which nobody reads meanwhile."""
    with tempfile.TemporaryFile() as output:
        started = time.monotonic()
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        sampler = Sampler(process.pid)
        alarm = threading.Timer(LIMIT_S, os.killpg, (process.pid, signal.SIGKILL))
        alarm.daemon = True
        alarm.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:  # Ctrl-C: what was started must not go on
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            alarm.cancel()
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        largest = usage.ru_maxrss * 1024
        everything = max(sampler.stop(), largest)
        output.seek(0)
        text = output.read().decode(errors="replace")
    return Done(process.returncode, text, Usage(seconds, usage.ru_utime + usage.ru_stime, largest, everything))

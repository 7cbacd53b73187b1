"""One row of the list of faults, on one backend: a workspace, dyad, what was injected and what came out wrong.

Knows nothing of the rows; `run` gathers them from the modules *_rows.py.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

FOLDER = Path(__file__).resolve().parent
SOURCE = FOLDER.parent.parent
TIMEOUT_S = 120
MOST_SHOWN = 5  # of the wrong outcomes of a row
NOBODY = 65534
TICK_S = 0.01  # the longest of Linux

# The smallest package that compiles, links, reads something and prints it.
SMALL = {
    "a.h": "#define VALUE 1\nint a(void);\n",
    "a.c": '#include "a.h"\nint a(void) { return VALUE; }\n',
    "data.txt": "first\n",
    "a_test.c": """#include <dyad/testing.h>
#include <stdio.h>
#include "a.h"
void TestValue(dyad_T *t) { dyad_log(t, "value %d", a()); }
void TestData(dyad_T *t) {
  char line[32] = "none";
  FILE *file = fopen("data.txt", "r");
  if (!file || fscanf(file, "%31s", line) != 1) dyad_error(t, "no data");
  if (file) fclose(file);
  dyad_log(t, "data %s", line);
}
""",
}


class Skipped(Exception):
    """The row cannot be run here; the text says why."""


@dataclass
class Row:
    number: str
    what: str
    backends: tuple[str, ...]
    function: Callable[["Case"], None]
    in_turns: bool


ROWS: list[Row] = []


def row(number: int | str, what: str, backends: tuple[str, ...] = ("dll", "exe"), in_turns: bool = False):
    """Registers a function as what injects the faults of a row. With backends=("any",) it does not matter which; with
    `in_turns` it matters little: without --full the row is run on one of the two, which one changes with the seed."""

    def register(function: Callable[["Case"], None]) -> Callable[["Case"], None]:
        ROWS.append(Row(str(number), what, backends, function, in_turns))
        return function

    return register


@dataclass
class Run:
    """What one run of dyad came to."""

    code: int
    stdout: str
    stderr: str

    @property
    def said(self) -> str:
        """What was printed on standard output, but for times and whether it came from the cache."""
        text = re.sub(r"\t\(cached\)|\t\d+\.\d+s", "\tTIME", self.stdout)
        return re.sub(r"\(\d+\.\d+s\)| in \d+\.\d+s", "TIME", text)

    @property
    def cached(self) -> int:
        return self.stdout.count("\t(cached)")

    def has(self, text: str) -> bool:
        return text in self.stdout

    @property
    def warnings(self) -> list[str]:
        return [line for line in self.stderr.splitlines() if "warning: " in line]

    def counted(self, what: str) -> int:
        """A number of --debug=stats: counted("compile run")."""
        group, name = what.split(" ")
        found = re.search(rf"^stats: {group}.*\b{name}=(\d+)", self.stderr, re.MULTILINE)
        return int(found[1]) if found else -1


@dataclass
class Case:
    """`folder` is new and empty. Every injection is counted; what does not hold is noted, and the row goes on."""

    row: Row
    backend: str
    dyad_program: Path
    shim: Path
    folder: Path
    full: bool
    seed: int
    injections: int = 0
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    runs: int = 0
    written: float = 0.0

    def __post_init__(self):
        self.root, self.cache, self.temporary = (self.folder / name for name in ("work", "cache", "tmp"))
        self.random = random.Random(f"{self.seed} {self.row.number} {self.backend}")
        self.temporary.mkdir(parents=True)
        (self.root / ".git").mkdir(parents=True)
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("DYAD_", "GTEST_", "TEST_", "FAULT_"))
                            and name not in ("NO_COLOR", "CI", "SOURCE_DATE_EPOCH", "LD_PRELOAD")}
        self.environment |= {"DYAD_CACHE": str(self.cache), "HOME": str(self.folder), "TMPDIR": str(self.temporary),
                             "LC_ALL": "C.UTF-8"}

    # The workspace.

    def write(self, path: str, text: str | bytes) -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode() if isinstance(text, str) else text)
        self.written = time.monotonic()
        return place

    def write_all(self, files: dict[str, str]) -> None:
        for path, text in files.items():
            self.write(path, text)

    def swap_digits(self, path: str, old: str, new: str) -> None:
        """Other bytes under the same name, size and mtime."""
        place = self.root / path
        status, text = place.stat(), place.read_text()
        assert old in text and len(old) == len(new)
        place.write_text(text.replace(old, new))
        os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))

    # Programs.

    def start(self, *arguments: str, cwd: Path | None = None, user: int | None = None, program: Path | None = None,
              before: tuple[str, ...] = (), **environment: str | None) -> subprocess.Popen:
        """`before`: what `program`, if it is not dyad, is told first; dyad is among it."""
        words = list(arguments)
        if arguments and arguments[0] in ("test", "explain"):
            words.insert(1, f"--backend={self.backend if self.backend != 'any' else 'dll'}")
        command = [str(program or self.dyad_program), *before, *words]
        setting = {name: value for name, value in (self.environment | environment).items() if value is not None}
        options = {"user": user, "group": user, "extra_groups": []} if user is not None else {}
        self.runs += 1
        # What was written in the tick of the clock in which a run begins may have changed during it, and is not kept.
        time.sleep(max(0.0, self.written + 2 * TICK_S - time.monotonic()))
        return subprocess.Popen(command, cwd=cwd or self.root, env=setting, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **options)

    def end(self, process: subprocess.Popen) -> Run:
        try:
            out, err = process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            self.wrong.append(f"{' '.join(map(str, process.args))} did not end in {TIMEOUT_S} s")
        return Run(process.returncode, out.decode(errors="backslashreplace"), err.decode(errors="backslashreplace"))

    def dyad(self, *arguments: str, **options) -> Run:
        return self.end(self.start(*arguments, **options))

    def test(self, *arguments: str, **options) -> Run:
        """`dyad test -v --debug=stats` of all packages."""
        if not any(argument.startswith(".") for argument in arguments):
            arguments = (*arguments, "./...")
        return self.dyad("test", "-v", "--debug=stats", *arguments, **options)

    def explain(self, *arguments: str, **options) -> str:
        return self.dyad("explain", *(arguments or ("./...",)), **options).stdout

    def with_shim(self, **settings: object) -> dict[str, str]:
        """The environment in which fault.c intervenes; without settings it does nothing, but results are kept under it."""
        return {"LD_PRELOAD": str(self.shim)} | {f"FAULT_{name}": str(value) for name, value in settings.items()}

    # What must hold.

    def inject(self, count: int = 1) -> None:
        self.injections += count

    def must(self, condition: bool, text: str) -> bool:
        if not condition:
            self.wrong.append(text)
        return condition

    def must_pass(self, run: Run, what: str, *texts: str) -> bool:
        """Exit code 0, and these texts in the output."""
        shown = f"{run.stdout}{run.stderr}"
        held = self.must(run.code == 0, f"{what}: exit code {run.code}\n{shown}")
        for text in texts:
            held = held and self.must(text in run.stdout, f"{what}: no {text!r} in\n{shown}")
        return held

    def must_say(self, run: Run, expected: Run, what: str) -> bool:
        """The same output and exit code."""
        return self.must((run.code, run.said) == (expected.code, expected.said),
                         f"{what}: exit code {run.code}, not {expected.code}:\n{run.stdout}{run.stderr}")

    def must_rebuild(self, what: str, *texts: str) -> None:
        """One injection: nothing is taken for the old state, the new state is seen, then kept and found."""
        self.inject()
        run = self.test()
        if not self.must_pass(run, what, *texts):
            return
        self.must(run.cached == 0, f"{what}: a cached result\n{run.stdout}")

    def verify_cache(self, what: str) -> bool:
        run = self.dyad("cache", "verify")
        return self.must(run.code == 0 and "all sound" in run.stdout,
                         f"{what}: cache verify says {run.code}: {run.stdout}{run.stderr}")

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def skip_unless_root(self, why: str) -> None:
        if os.geteuid() != 0:
            raise Skipped(f"only root can {why}")

    # The cache's files.

    def entries(self) -> list[Path]:
        return sorted(path for folder in ("action", "output") for path in self.cache.glob(f"v*/{folder}/*/*"))

    def wipe(self) -> None:
        shutil.rmtree(self.cache, ignore_errors=True)

    def leftovers(self) -> list[str]:
        return sorted(os.listdir(self.temporary))

    # Other tests that inject a row completely.

    def run_unit_tests(self, area: str, names: str) -> None:
        """The unit tests of this pattern; each is an injection. All must pass."""
        program = self.dyad_program.parent.parent / f"tests/unit_{area}"
        if not program.exists():
            raise Skipped(f"no {program}")
        done = subprocess.run([program, f"--gtest_filter={names}"], capture_output=True, text=True, timeout=TIMEOUT_S)
        passed = len(re.findall(r"^\[       OK ]", done.stdout, re.MULTILINE))
        skipped = len(set(re.findall(r"^\[  SKIPPED ] (\S+)", done.stdout, re.MULTILINE)))
        self.inject(passed)
        self.must(done.returncode == 0 and passed > 0, f"unit tests {names}:\n{done.stdout[-2000:]}")
        if skipped:
            self.note(f"{skipped} unit tests skipped")

    def run_script(self, name: str) -> None:
        """An end-to-end script, on this backend."""
        command = [sys.executable, SOURCE / "tests/e2e/run", "--dyad", self.dyad_program, "-j", "1", "-k", f"^{name}$"]
        if self.backend != "any":
            command += ["--backend", self.backend]
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
        self.inject()
        last = done.stdout.splitlines()[-1] if done.stdout else ""
        if "1 skipped" in last:
            self.note(f"{name} skipped")
        else:
            self.must(last == "1 passed, 0 failed", f"script {name}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def make_removable(folder: Path) -> None:
    for directory, _, _ in os.walk(folder):
        os.chmod(directory, 0o700)


def wait_for(condition: Callable[[], bool], process: subprocess.Popen) -> bool:
    """True once it holds; False if the process ended before that."""
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            return condition()
        time.sleep(0.002)
    return True

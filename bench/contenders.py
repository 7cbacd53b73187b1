"""What is compared: how each contender builds and runs a tree, and how to tell that it did what it was asked for.

A contender is given a tree of its own and a folder for everything it makes. A time without the right result is worth
nothing: check() raises Wrong unless every test ran, and passed, and what had to be built was built.
"""

import collections
import os
import re
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Callable, NamedTuple

import measure
import programs as googletest  # of tests/googletest
import reference  # of tests/googletest
import verdicts  # of tests/googletest
from workload import GoogleTests, Tree

SCENARIOS = {
    "scratch": "from an empty cache",
    "nothing": "nothing changed",
    "count": "everything run, nothing built",
    "test": "one test edited, its package run",
    "test-all": "one test edited, all packages",
    "source": "one library source edited, all packages",
    "header": "one header edited that every file includes",
}
# Scenarios in which nothing is built; all the others but "scratch" are edits.
UNCHANGED = ("nothing", "count")


class Wrong(Exception):
    """A contender did not do its work."""


class Step(NamedTuple):
    name: str  # "configure", "build", "run"
    command: list[str]


class Contender:
    """`measure()` runs one scenario; the rest is how a subclass does it."""

    name = ""  # on the command line
    label = ""  # in tables
    language = "c++"
    programs: tuple[str, ...] = ()  # that must be on the PATH
    scenarios: tuple[str, ...] = tuple(SCENARIOS)  # in which it takes part

    def __init__(self, workload, folder: Path):
        self.workload, self.folder = workload, folder / self.name
        self.tree: Tree = workload.make_tree(self.folder / "tree", self.language)
        self.environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(self.folder / "home"),
                            **self.settings()}
        (self.folder / "home").mkdir()
        self.verdicts: verdicts.Verdicts = {}  # of GoogleTest's own tests

    def settings(self) -> dict[str, str]:
        """Environment variables, beside the few that everyone gets."""
        return {}

    @classmethod
    def missing(cls) -> str:
        """The program that is not installed, or an empty string."""
        return next((name for name in cls.programs if not shutil.which(name)), "")

    @classmethod
    def version(cls) -> str:
        return ""

    def prepare(self) -> None:
        """Once, before anything is measured."""

    def forget(self) -> None:
        """Sets aside what "from an empty cache" must not find."""
        raise NotImplementedError

    def set_aside(self, path: Path) -> None:
        """Removed when all is measured: for minutes, ext4 looks at each inode that was freed (recently_deleted) before
        it gives another away, and whoever is measured next would pay for it."""
        if path.exists():
            path.rename(self.folder / f"old.{time.monotonic_ns()}")

    def steps(self, scenario: str, package: str) -> list[Step]:
        raise NotImplementedError

    def check(self, scenario: str, package: str, texts: dict[str, str]) -> None:
        raise NotImplementedError

    def succeeded(self, code: int) -> bool:
        return code == 0

    def close(self) -> None:
        """Ends what it has left running."""

    def measure(self, scenario: str, package: str = "",
                edit: Callable[[], None] = lambda: None) -> tuple[measure.Usage, dict[str, float]]:
        """What the scenario took in all, once the edit is made, and the seconds of each step."""
        edit()
        total, parts, texts = measure.Usage(0, 0, 0, 0), {}, {}
        for step in self.steps(scenario, package):
            done = measure.run(step.command, self.tree.root, self.environment)
            if not self.succeeded(done.code):
                raise Wrong(f"{self.label}, {scenario}: {' '.join(step.command)} ended with {done.code}:\n"
                            f"{done.text[-3000:]}")
            total = total.then(done.usage)
            parts[step.name], texts[step.name] = done.usage.seconds, done.text
        try:
            self.check(scenario, package, texts)
        except Wrong as wrong:
            raise Wrong(f"{self.label}, {scenario}: {wrong}:\n{''.join(texts.values())[-3000:]}") from None
        return total, parts

    def update(self) -> None:
        """Brings everything up to date, measures and checks nothing."""
        for step in self.steps("source", self.tree.packages[0]):
            measure.run(step.command, self.tree.root, self.environment)

    def expect_failure(self, package: str) -> None:
        """The tree has a test that fails now: this contender must see it."""
        for step in self.steps("test", package):
            done = measure.run(step.command, self.tree.root, self.environment)
            if step.name == "run" and (done.code == 0 or "FAIL" not in done.text):
                raise Wrong(f"{self.label}: a test that fails was not seen:\n{done.text[-3000:]}")


def expect(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise Wrong(otherwise)


class Dyad(Contender):
    name, label = "dyad", "dyad"
    backend = "dll"
    executable = Path()  # set by the command line

    @classmethod
    def version(cls) -> str:
        return first_line(str(cls.executable), "version")

    def settings(self) -> dict[str, str]:
        return {"DYAD_CACHE": str(self.folder / "cache")}

    def forget(self) -> None:
        self.set_aside(self.folder / "cache")

    def steps(self, scenario: str, package: str) -> list[Step]:
        command = [str(self.executable), "test", f"--backend={self.backend}"]
        if scenario == "count":
            command.append("--count=1")
        if isinstance(self.workload, GoogleTests):
            return [Step("run", [*command, "-v", *(f"./{folder}" for folder in self.tree.packages)])]
        return [Step("run", [*command, f"./{package}" if scenario == "test" else "./..."])]

    def succeeded(self, code: int) -> bool:
        return code == 0 or code == 1 and isinstance(self.workload, GoogleTests)

    def check(self, scenario: str, package: str, texts: dict[str, str]) -> None:
        text = texts["run"]
        if isinstance(self.workload, GoogleTests):
            self.verdicts = verdicts.read_dyad(text)
            return
        packages, tests = (1, 12) if scenario == "test" else (len(self.tree.packages), self.tree.tests)
        expect(re.search(rf"\b{tests} tests: {tests} passed", text) is not None, f"not {tests} tests passed")
        check_go_like(scenario, package, packages, text, prefix="")


class DyadExe(Dyad):
    name, label, backend = "dyad-exe", "dyad, exe", "exe"


class DyadWatch(Dyad):
    """Is running when the edit is made: the time goes from there to the verdict. CPU time is that of its own process
    and of those it has waited for, in the kernel's ticks; memory is what is resident when the verdict is there."""

    name, label = "dyad-watch", "dyad watch"
    scenarios = ("test", "test-all", "source", "header")
    process: subprocess.Popen | None = None

    @classmethod
    def version(cls) -> str:
        return ""

    def forget(self) -> None:
        self.close()
        super().forget()

    def close(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGINT)
            self.process.communicate()
            self.process = None

    def measure(self, scenario: str, package: str = "",
                edit: Callable[[], None] = lambda: None) -> tuple[measure.Usage, dict[str, float]]:
        if not self.process:
            command = [str(self.executable), "watch", f"--backend={self.backend}", "./..."]
            self.process = subprocess.Popen(command, cwd=self.tree.root, env=self.environment, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
        cpu_before, started = self._cpu_seconds(), time.monotonic()
        edit()
        text, verdict_at = self._read_run()
        pid = self.process.pid
        expect(f"{self.tree.tests} tests: {self.tree.tests} passed" in text,
               f"{self.label}, {scenario}: not {self.tree.tests} tests passed:\n{text[-3000:]}")
        if scenario != "scratch":  # what is not affected is not printed
            printed = set(re.findall(r"^ok  \t(\S+)\t(?!\(cached\))", text, re.MULTILINE))
            expected = set(self.tree.packages) if scenario == "header" else {package}
            expect(printed == expected, f"{self.label}, {scenario}: ran {printed}, not {expected}:\n{text[-3000:]}")
        resident = measure.resident(pid)
        return measure.Usage(verdict_at - started, self._cpu_seconds() - cpu_before, resident, resident), {}

    def update(self) -> None:
        """It has seen what was restored, or is about to."""
        while select.select([self.process.stdout], [], [], 2)[0]:
            self._read_run()

    def expect_failure(self, package: str) -> None:
        text, _ = self._read_run()
        expect("FAIL" in text, f"{self.label}: a test that fails was not seen:\n{text[-3000:]}")

    def _read_run(self) -> tuple[str, float]:
        """What it prints until it watches again, and when the summary was there."""
        text, verdict_at = "", 0.0
        for line in iter(self.process.stdout.readline, b""):
            text += line.decode(errors="replace")
            if re.match(rb"\d+ packages?: ", line):
                verdict_at = time.monotonic()
            elif re.match(rb"\[[\d:]+\] watching ", line):
                return text, verdict_at
        raise Wrong(f"{self.label} has ended:\n{text[-3000:]}")

    def _cpu_seconds(self) -> float:
        stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        return sum(map(int, stat[stat.rindex(")") + 2:].split()[11:15])) / os.sysconf("SC_CLK_TCK")


class CMake(Contender):
    name, label = "cmake", "CMake + Ninja + CTest"
    programs = ("cmake", "ninja", "ctest", "clang++-22", "ld.lld")
    options: tuple[str, ...] = ()

    @classmethod
    def version(cls) -> str:
        ninja, clang = first_line("ninja", "--version"), first_line("clang++-22", "--version")
        return f"{first_line('cmake', '--version')}, ninja {ninja}, {clang}"

    @property
    def build(self) -> Path:
        return self.folder / "build"

    def settings(self) -> dict[str, str]:
        return {"CCACHE_DISABLE": "1"}

    def forget(self) -> None:
        self.set_aside(self.build)

    def steps(self, scenario: str, package: str) -> list[Step]:
        ninja = ["ninja", "-C", str(self.build)]
        if scenario == "test":
            return [Step("build", [*ninja, f"{package}_test"]), Step("run", [str(self.build / f"{package}_test")])]
        source = self.tree.root.parent / "project" if isinstance(self.workload, GoogleTests) else self.tree.root
        configure = ["cmake", "-S", str(source), "-B", str(self.build), "-G", "Ninja",
                     "-DCMAKE_CXX_COMPILER=clang++-22", "-DCMAKE_CXX_FLAGS=-O0",
                     "-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld", *self.options]
        run = ["ctest", "--test-dir", str(self.build), f"-j{os.cpu_count()}"]
        steps = [Step("build", ninja), Step("run", run)]
        return [Step("configure", configure), *steps] if scenario == "scratch" else steps

    def succeeded(self, code: int) -> bool:
        return code == 0 or code == 8 and isinstance(self.workload, GoogleTests)

    def check(self, scenario: str, package: str, texts: dict[str, str]) -> None:
        built = "no work to do" not in texts["build"]
        expect(built == (scenario not in UNCHANGED), "built" if built else "nothing was built")
        if isinstance(self.workload, GoogleTests):
            programs = self.workload.programs
            expect(f"out of {len(programs)}" in texts["run"], f"not {len(programs)} programs ran")
            if scenario == "scratch":
                executables = {program.name: self.build / program.name for program in programs}
                self.verdicts = reference.run_all(programs, executables, self.tree.root)
            return
        if scenario == "test":
            expect("[  PASSED  ] 12 tests" in texts["run"], "not 12 tests passed")
            return
        log = (self.build / "Testing/Temporary/LastTest.log").read_text(errors="replace")
        tests = sum(int(count) for count in re.findall(r"^\[  PASSED  \] (\d+) tests?\.", log, re.MULTILINE))
        expect(tests == self.tree.tests, f"{tests} tests passed, not {self.tree.tests}")


class CMakePrecompiled(CMake):
    name, label = "cmake-pch", "CMake, precompiled GoogleTest"
    options = ("-DPRECOMPILE=ON",)

    @classmethod
    def version(cls) -> str:
        return ""


class CMakeDiscover(CMakePrecompiled):
    name, label = "cmake-discover", "CMake, a process for each test"
    options = (*CMakePrecompiled.options, "-DDISCOVER=ON")


class CMakeCcache(CMake):
    """Its cache knows the tree as it was generated: "from an empty cache" is an empty build folder."""

    name, label = "cmake-ccache", "CMake, warm ccache"
    programs = (*CMake.programs, "ccache")
    options = ("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache",)
    warm = False

    @classmethod
    def version(cls) -> str:
        return first_line("ccache", "--version")

    def settings(self) -> dict[str, str]:
        return {"CCACHE_DIR": str(self.folder / "ccache"), "CCACHE_STATSLOG": str(self.folder / "ccache.log")}

    def prepare(self) -> None:
        self.measure("scratch")
        self.warm = True

    def check(self, scenario: str, package: str, texts: dict[str, str]) -> None:
        super().check(scenario, package, texts)
        log = self.folder / "ccache.log"
        compilations = log.read_text() if log.exists() else ""
        log.unlink(missing_ok=True)
        if scenario == "scratch":
            expect(("cache_miss" not in compilations) == self.warm and "cache_" in compilations, "ccache is not warm")


class Go(Contender):
    name, label, language = "go", "go test", "go"
    programs = ("go",)

    def settings(self) -> dict[str, str]:
        return {"GOCACHE": str(self.folder / "cache"), "GOPATH": str(self.folder / "path"), "GOENV": "off",
                "GOPROXY": "off"}

    @classmethod
    def version(cls) -> str:
        return first_line("go", "version")

    def forget(self) -> None:
        self.set_aside(self.folder / "cache")

    def steps(self, scenario: str, package: str) -> list[Step]:
        command = ["go", "test"] + (["-count=1"] if scenario == "count" else [])
        return [Step("run", [*command, f"./{package}" if scenario == "test" else "./..."])]

    def check(self, scenario: str, package: str, texts: dict[str, str]) -> None:
        packages = 1 if scenario == "test" else len(self.tree.packages)
        check_go_like(scenario, package, packages, texts["run"], prefix="corpus/")


def check_go_like(scenario: str, package: str, packages: int, text: str, prefix: str) -> None:
    """Every package is ok, and a result is taken from the cache if and only if it may be."""
    lines = dict(re.findall(rf"^ok  \t{prefix}(\S+)\t(.*)$", text, re.MULTILINE))
    cached = {name for name, rest in lines.items() if "(cached)" in rest}
    expect(len(lines) == packages, f"{len(lines)} packages are ok, not {packages}")
    if scenario == "nothing":
        expect(len(cached) == packages, f"{packages - len(cached)} packages ran again")
    elif scenario in ("test", "test-all", "source"):
        expect(package in lines and cached == lines.keys() - {package}, "not just the edited package ran")
    else:
        expect(not cached, f"{len(cached)} packages did not run")


def compare_verdicts(dyad: Contender, plain: Contender) -> None:
    """Of GoogleTest's own tests: the same for both."""
    expected, found = dict(plain.verdicts), dict(dyad.verdicts)
    for key in googletest.DIFFERENT:
        expected.pop(key, None)
        found.pop(key, None)
    differences = verdicts.find_differences(collections.defaultdict(list, expected), found)
    shown = "\n".join(differences[:20])
    expect(bool(expected) and not differences, f"{dyad.label}: {len(differences)} verdicts differ:\n{shown}")


def first_line(*command: str) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return (done.stdout.decode(errors="replace").splitlines() or [""])[0]


PEERS: dict[str, type[Contender]] = {
    kind.name: kind for kind in (CMake, CMakePrecompiled, CMakeDiscover, CMakeCcache, Go, DyadWatch, DyadExe)}
# Measured only if asked for.
BY_NAME_ONLY = {CMakeDiscover.name, DyadExe.name}

"""The reference: each of GoogleTest's test programs built plainly with clang++ and run, and each test's verdict.

Objects and programs live in a folder named after everything that went into them (compiler, flags, sources), so a second
run builds nothing and an upgrade of a package builds everything. Knows nothing of dyad.
"""

import collections
import concurrent.futures
import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from programs import DEFINES, SOURCES, Program
from verdicts import Verdicts

COMPILER = "clang++-22"
FLAGS = ["-std=gnu++20", "-O0", "-w", "-pthread", f"-I{SOURCES}/googletest", f"-I{SOURCES}/googlemock"]
LIBRARIES = {
    "gtest-all": SOURCES / "googletest/src/gtest-all.cc",
    "gtest_main": SOURCES / "googletest/src/gtest_main.cc",
    "gmock-all": SOURCES / "googlemock/src/gmock-all.cc",
    "gmock_main": SOURCES / "googlemock/src/gmock_main.cc",
}
JOBS = min(2, os.cpu_count() or 1)
# The verdict of a test that ran several times: it failed if it failed once, and was skipped only if it never ran.
RANK = {"SKIP": 0, "PASS": 1, "FAIL": 2}


class ReferenceError(Exception):
    """A reference program did not build, or did something that no program of GoogleTest's does."""


def compute_stamp() -> str:
    """Names the folder of the built programs."""
    digest = hashlib.sha256(repr((FLAGS, DEFINES)).encode())
    digest.update(subprocess.run([COMPILER, "--version"], check=True, stdout=subprocess.PIPE).stdout)
    for root in (SOURCES, Path("/usr/include/gtest"), Path("/usr/include/gmock")):
        for path in sorted(p for p in root.rglob("*") if p.is_file()):
            digest.update(f"{path}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def run_compiler(command: list[str], output: Path) -> None:
    """Runs `command -o output`, atomically: a killed run leaves no half-written file behind."""
    unfinished = output.with_name(output.name + f".{os.getpid()}")
    done = subprocess.run([*command, "-o", str(unfinished)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise ReferenceError(f"{output.name} does not build:\n{done.stdout.decode(errors='replace')}")
    unfinished.rename(output)


def compile_source(source: Path, folder: Path) -> Path:
    output = folder / (source.stem + ".o")
    if not output.exists():
        ccache = [shutil.which("ccache")] if shutil.which("ccache") else []
        defines = [f"-D{define}" for define in DEFINES.get(source.name, [])]
        run_compiler([*ccache, COMPILER, *FLAGS, *defines, "-c", str(source)], output)
    return output


def build(programs: list[Program], folder: Path) -> dict[str, Path]:
    """Builds what is missing in `folder`; the programs by name."""
    folder = folder / compute_stamp()
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.parent.iterdir():
        if stale != folder and re.fullmatch(r"[0-9a-f]{16}", stale.name):
            shutil.rmtree(stale)
    sources = {*LIBRARIES.values(), *(source for program in programs for source in program.sources)}
    largest_first = sorted(sources, key=lambda source: -source.stat().st_size)
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        objects = dict(zip(largest_first, pool.map(lambda source: compile_source(source, folder), largest_first)))
        return dict(zip((p.name for p in programs), pool.map(lambda p: link(p, objects, folder), programs)))


def link(program: Program, objects: dict[Path, Path], folder: Path) -> Path:
    output = folder / program.name
    if not output.exists():
        used = ["gtest-all"] if program.folder.startswith("googletest") else ["gtest-all", "gmock-all"]
        main = "gtest_main" if len(used) == 1 else "gmock_main"
        # The main is an archive member: used only where the program has no main of its own.
        libraries = [str(objects[LIBRARIES[name]]) for name in used]
        archived = ["-Wl,--start-lib", str(objects[LIBRARIES[main]]), "-Wl,--end-lib"]
        own = [str(objects[source]) for source in program.sources]
        run_compiler([COMPILER, "-fuse-ld=lld", "-pthread", *own, *libraries, *archived], output)
    return output


def run(program: Program, executable: Path, cwd: Path) -> dict[str, str]:
    """Runs a program in `cwd`; PASS, FAIL or SKIP by test name."""
    report = executable.with_suffix(".json")
    report.unlink(missing_ok=True)
    done = subprocess.run([str(executable), f"--gtest_output=json:{report}"], cwd=cwd, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    stdout = done.stdout.decode(errors="replace")
    if done.returncode not in (0, 1):
        raise ReferenceError(f"{program.name} ended with {done.returncode}:\n{stdout[-2000:]}")
    iterations = len(re.findall(r"^\[==========\] Running", stdout, re.MULTILINE))
    if iterations > 1:
        return read_stdout(stdout)  # the report holds the last iteration only
    verdicts = read_report(json.loads(report.read_text())) if report.exists() else {}
    # A program without a single TEST is one test, named after the program: its exit code is the verdict.
    return verdicts or {program.name: "PASS" if done.returncode == 0 else "FAIL"}


def run_all(programs: list[Program], executables: dict[str, Path], workspace: Path) -> Verdicts:
    """Runs all programs, each in its folder of `workspace`."""
    verdicts: Verdicts = collections.defaultdict(list)
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        runs = pool.map(lambda p: run(p, executables[p.name], workspace / p.folder), programs)
        for program, tests in zip(programs, runs):
            for name, verdict in tests.items():
                verdicts[program.folder, name].append(verdict)
    return verdicts


def read_report(report: dict) -> dict[str, str]:
    verdicts = {}
    for suite in report["testsuites"]:
        if suite["name"] == "NonTestSuiteFailure":
            continue  # not a test: an assertion that failed outside of all tests
        for test in suite["testsuite"]:
            # A test that never began (disabled, or its environment skipped) did not pass, although GoogleTest's
            # summary may count it so.
            never_began = test["timestamp"].startswith("1970-01-01")
            if test.get("failures"):
                verdict = "FAIL"
            elif never_began or test["result"] == "SKIPPED":
                verdict = "SKIP"
            else:
                verdict = "PASS"
            verdicts[f"{suite['name']}.{test['name']}"] = verdict
    return verdicts


def read_stdout(stdout: str) -> dict[str, str]:
    """For programs that run all their tests several times."""
    verdicts: dict[str, str] = {}
    pattern = r"^\[ +(OK|FAILED|SKIPPED) +\] (\S+?)(?:, where .*)? \(\d+ ms\)$"
    for word, name in re.findall(pattern, stdout, re.MULTILINE):
        verdict = {"OK": "PASS", "FAILED": "FAIL", "SKIPPED": "SKIP"}[word]
        if RANK[verdict] >= RANK[verdicts.get(name, "SKIP")]:
            verdicts[name] = verdict
    return verdicts

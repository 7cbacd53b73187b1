"""What is built and run: a generated corpus, or GoogleTest's own tests; a copy for each contender, and edits of it.

An edit really changes what a file means, in a way that its tests still pass, and no edit is made twice: whoever keeps
results by content finds nothing of an earlier round. Knows nothing of contenders.
"""

import itertools
import random
import re
import shutil
import subprocess
import time
from pathlib import Path

import programs as googletest  # of tests/googletest
import verdicts  # of tests/googletest

REPOSITORY = Path(__file__).resolve().parent.parent

# What an edit replaces, by language: the file, the pattern, and what comes in its place, {0} being a new number.
EDITS = {
    "c++": {
        "test": ("lib_test.cc", r"\(\d+\)\.total\(\), -?\d+\)", "({0}).total(), {0})"),
        "broken test": ("lib_test.cc", r"\(\d+\)\.total\(\), -?\d+\)", "({0}).total(), -{0})"),
        "source": ("lib.cc", r'"negative[^"]*"', '"negative ({0}): "'),
        "header": ("../shared/text.h", r"longer than \d+", "longer than {0}"),
    },
    "go": {
        "test": ("lib_test.go", r"New\(\d+\)\.total, -?\d+\)", "New({0}).total, {0})"),
        "broken test": ("lib_test.go", r"New\(\d+\)\.total, -?\d+\)", "New({0}).total, -{0})"),
        "source": ("lib.go", r'"negative[^"]*"', '"negative ({0}): "'),
        "header": ("../shared/text.go", r"longer than \d+", "longer than {0}"),
    },
}
# Files younger than this are read again by dyad and by Go: their time stamp does not prove yet that they are unchanged.
SETTLED_S = 2.2


class Tree:
    """One contender's copy of a workload. `packages`: their directories below `root`."""

    def __init__(self, root: Path, language: str, packages: list[str], tests: int):
        self.root, self.language, self.packages, self.tests = root, language, packages, tests
        self._original: dict[Path, str] = {}
        self._changed_at = time.monotonic()

    def edit(self, kind: str, package: str, number: int) -> None:
        name, pattern, replacement = EDITS[self.language][kind]
        path = (self.root / package / name).resolve()
        before = path.read_text()
        after, count = re.subn(pattern, replacement.format(number), before, count=1)
        if count != 1 or after == before:
            raise AssertionError(f"{path.name}: the edit of a {kind} changes nothing")
        self._original.setdefault(path, before)
        path.write_text(after)
        self._changed_at = time.monotonic()

    def restore(self) -> None:
        """Undoes all edits."""
        for path, text in self._original.items():
            path.write_text(text)
        if self._original:
            self._changed_at = time.monotonic()
        self._original = {}

    def wait_until_settled(self) -> None:
        time.sleep(max(0.0, self._changed_at + SETTLED_S - time.monotonic()))


class Corpus:
    """bench/corpus: `packages` packages of twelve tests, in C++ and in Go."""

    has_edits = True

    def __init__(self, packages: int, seed: int):
        self.packages, self.seed = packages, seed
        self.name = f"{packages} package{'s' if packages > 1 else ''}"
        self._pick = random.Random(seed)
        self._numbers = itertools.count(1_000_000 + self._pick.randrange(1_000_000))

    def make_tree(self, folder: Path, language: str) -> Tree:
        shutil.rmtree(folder, ignore_errors=True)
        cxx, go = folder / "cxx", folder / "go"
        command = [str(REPOSITORY / "bench/corpus"), f"--packages={self.packages}", f"--seed={self.seed}", "--cmake",
                   "--go", str(go), str(cxx)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        root = cxx if language == "c++" else go
        (root / ".git").mkdir()  # the workspace's root
        packages = sorted(path.parent.name for path in root.glob("*/lib.*") if path.suffix in (".cc", ".go"))
        return Tree(root, language, packages, 12 * self.packages)

    def next_edit(self) -> tuple[int, int]:
        """Which package an edit is made in, and the number that it writes: the same for all contenders."""
        return self._pick.randrange(self.packages), next(self._numbers)


class GoogleTests:
    """GoogleTest's own test programs. Some of their tests fail when run alone, so verdicts are compared with those of
    the plainly built programs (tests/googletest). Nothing is edited."""

    has_edits = False
    seed = 0

    def __init__(self, slow_too: bool):
        self.name = "GoogleTest's own tests" + (", all" if slow_too else "")
        left_out = googletest.CANNOT_RUN if slow_too else googletest.CANNOT_RUN | googletest.LEFT_OUT
        self._left_out = set(left_out)
        self.programs = googletest.find_programs(self._left_out)

    def make_tree(self, folder: Path, language: str) -> Tree:
        assert language == "c++"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        root = verdicts.make_workspace(folder, self._left_out)
        (folder / "project").mkdir()
        (folder / "project/CMakeLists.txt").write_text(self._project(root))
        return Tree(root, language, list(googletest.FOLDERS), 0)

    def _project(self, root: Path) -> str:
        """A CMakeLists.txt of the same programs, beside the workspace."""
        lines = ["cmake_minimum_required(VERSION 3.25)", "project(googletests CXX)", "set(CMAKE_CXX_STANDARD 20)",
                 "enable_testing()", "find_package(Threads REQUIRED)", "link_libraries(Threads::Threads)",
                 "add_compile_options(-w)", f'include_directories("{root}/googletest" "{root}/googlemock")']
        for name, source in (("gtest", "googletest/src/gtest-all.cc"), ("gtest_main", "googletest/src/gtest_main.cc"),
                             ("gmock", "googlemock/src/gmock-all.cc"), ("gmock_main", "googlemock/src/gmock_main.cc")):
            lines.append(f'add_library({name} STATIC "{root}/{source}")')
        for program in self.programs:
            sources = " ".join(f'"{root}/{program.folder}/{source.name}"' for source in program.sources)
            libraries = "gtest_main gtest" if program.folder.startswith("googletest") else "gmock_main gmock gtest"
            lines += [f"add_executable({program.name} {sources})",
                      f"target_link_libraries({program.name} {libraries})",
                      f"add_test(NAME {program.name} COMMAND {program.name}",
                      f'         WORKING_DIRECTORY "{root}/{program.folder}")']
            for source in program.sources:
                for define in googletest.DEFINES.get(source.name, []):
                    lines.append(f"target_compile_definitions({program.name} PRIVATE {define})")
        return "\n".join(lines) + "\n"

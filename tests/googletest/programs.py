"""GoogleTest's own test programs: which files make one program, and which files no tester can run by themselves.

What belongs together is taken from GoogleTest's CMakeLists.txt and BUILD.bazel. Knows nothing of dyad.
"""

from pathlib import Path
from typing import NamedTuple

SOURCES = Path("/usr/src/googletest")
FOLDERS = ("googletest/samples", "googletest/test", "googlemock/test")

# A program that consists of more than its own file. A second `*test*.cc` in such a list is part of that program and
# no program by itself.
PARTS = {
    "sample1_unittest.cc": ["sample1.cc"],
    "sample2_unittest.cc": ["sample2.cc"],
    "sample4_unittest.cc": ["sample4.cc"],
    "sample5_unittest.cc": ["sample1.cc"],
    "googletest-param-test-test.cc": ["googletest-param-test2-test.cc"],
    "gtest-typed-test_test.cc": ["gtest-typed-test2_test.cc"],
    "gtest_prod_test.cc": ["production.cc"],
    "gmock_link_test.cc": ["gmock_link2_test.cc"],
}

# Macros that GoogleTest's build gives to a program. No other file uses the name, so dyad may give it to all of them.
DEFINES = {"googletest-death-test_ex_test.cc": ["GTEST_ENABLE_CATCH_EXCEPTIONS_=1"]}

# Files that dyad cannot run as they are, each with its reason. Keep it short.
CANNOT_RUN: dict[str, str] = {
    "gmock-pp_test.cc": "static_asserts alone: a file with neither a test nor a main is library, and compiling is all it does",
}
# Tests whose verdict cannot be the reference's, each with its reason. Keep it short.
DIFFERENT = {
    ("googletest/test", "OutputFileHelpersTest.GetCurrentExecutableName"):
        "wants its program to have one of the names that GoogleTest's own build gives it",
}

# Files that are run only if asked for (compare --all): they take most of the time that all of them take to compile.
SLOW = "compiles for 10 to 40 s"
LEFT_OUT = {
    "gmock_all_test.cc": "includes other files and has no test of its own; GoogleTest's CMake build leaves it out too",
    "gtest_all_test.cc": "includes other files, which are run by themselves",
    "gtest_test_macro_stack_footprint_test.cc": SLOW,
    "gmock-actions_test.cc": SLOW,
    "gmock-function-mocker_test.cc": SLOW,
    "gmock-matchers-arithmetic_test.cc": SLOW,
    "gmock-matchers-comparisons_test.cc": SLOW,
    "gmock-matchers-containers_test.cc": SLOW,
    "gmock-matchers-misc_test.cc": SLOW,
    "gmock-more-actions_test.cc": SLOW,
    "gmock-spec-builders_test.cc": SLOW,
    "gmock_link_test.cc": SLOW,
    "gmock_link2_test.cc": SLOW,
    "googletest-param-test-test.cc": SLOW,
    "googletest-param-test2-test.cc": SLOW,
    "googletest-printers-test.cc": SLOW,
}


class Program(NamedTuple):
    """A test program of GoogleTest's. `name` is unique: the stem of its main file."""

    name: str
    folder: str  # one of FOLDERS
    sources: tuple[Path, ...]

    @property
    def test_files(self) -> int:
        return sum("test" in source.name for source in self.sources)


def is_test_program(name: str) -> bool:
    """Files that end in `_.cc` are fed by a Python driver of GoogleTest's and expect its flags; they are not programs
    that stand alone."""
    return "test" in name and name.endswith(".cc") and not name.endswith("_.cc")


def find_programs(left_out: set[str]) -> list[Program]:
    """All programs of the three folders but those of the named files, in order of folder and name."""
    parts = {part for extra in PARTS.values() for part in extra}
    programs = []
    for folder in FOLDERS:
        for source in sorted((SOURCES / folder).glob("*.cc")):
            if is_test_program(source.name) and source.name not in parts | left_out:
                extra = [source.parent / part for part in PARTS.get(source.name, [])]
                programs.append(Program(source.stem, folder, (source, *extra)))
    return programs

"""The workspace in which dyad runs GoogleTest's own tests, and what its output says of each test.

Used by compare and by bench/peers. Knows nothing of how the reference programs are built.
"""

import collections
import re
import shutil
from pathlib import Path

from programs import DEFINES, SOURCES

# By package and test name (without the `@image` that tells equal names apart): the verdicts. Two programs of one folder
# may have tests of the same name, and dyad shows both.
Verdicts = dict[tuple[str, str], list[str]]


def make_workspace(folder: Path, left_out: set[str]) -> Path:
    """A new copy of GoogleTest's sources, but for some files, with a dyad.toml."""
    workspace = folder / "workspace"
    shutil.rmtree(workspace, ignore_errors=True)
    shutil.copytree(SOURCES, workspace, ignore=lambda _, names: left_out.intersection(names))
    defines = sorted(define for list_ in DEFINES.values() for define in list_)
    (workspace / "dyad.toml").write_text("defines = [" + ", ".join(f'"{define}"' for define in defines) + "]\n"
                                         'include_roots = ["googletest", "googlemock"]\n')
    return workspace


def read_dyad(output: str) -> Verdicts:
    """Reads `-v` output: result lines, and after them the line of their package."""
    verdicts: Verdicts = collections.defaultdict(list)
    tests: list[tuple[str, str]] = []
    for line in output.splitlines():
        if match := re.match(r"--- (PASS|FAIL|SKIP|CRASH|TIMEOUT|NOT RUN): (\S.*?) ?(?:\(\d+\.\d+s\)|\[|$)", line):
            tests.append((match[2].split("@")[0], match[1]))
        elif match := re.match(r"(?:ok  |FAIL|\?   )\t(\S+)", line):
            for name, verdict in tests:
                verdicts[match[1], name].append(verdict)
            tests = []
    return verdicts


def find_differences(expected: Verdicts, found: Verdicts) -> list[str]:
    """One line per test that has not the verdict it must have."""
    lines = []
    for key in sorted(expected.keys() | found.keys()):
        want, have = collections.Counter(expected.get(key, [])), collections.Counter(found.get(key, []))
        missing, extra = sorted((want - have).elements()), sorted((have - want).elements())
        for n in range(max(len(missing), len(extra))):
            says = [part[n] if n < len(part) else "nothing" for part in (missing, extra)]
            lines.append(f"{key[0]} {key[1]}: reference {says[0]}, dyad {says[1]}")
    return lines

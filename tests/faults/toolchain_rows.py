"""Row 55: dyad, its compiler, the C and C++ libraries are replaced in place by others."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Callable

from case import SMALL, Case, Skipped, row

CXX_TEST = """#include <dyad/testing.h>
#include <stdio.h>
#include <string>
#include <vector>
void TestStrings(dyad::T& t) {
  std::vector<std::string> words{"one", "two"};
  t.log(words[0] + words[1]);
  if (std::snprintf(nullptr, 0, "%d", 17) != 2) t.error("snprintf");
}
"""


def replace(place: Path) -> None:
    """As an upgrade does it: another file of the same name and mtime, harmless bytes at its end."""
    status = place.stat()
    new = place.with_name(place.name + ".new")
    shutil.copy(place, new)
    with new.open("r+b") as file:
        if place.suffix == ".a":  # the date of the first member
            file.seek(24)
            file.write(b"1")
        else:
            file.seek(0, os.SEEK_END)
            file.write(b"\0" * 16 if place.suffix != ".so" or file.tell() > 10_000 else b"\n")  # a small .so is a script
    os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))
    new.rename(place)


def overwrite_in_place(place: Path) -> None:
    """The same inode, size and mtime; bytes that matter to nobody."""
    status = place.stat()
    with place.open("r+b") as file:
        file.seek(8)
        file.write(b"\0" * 8)  # of an ELF file: padding of its identification
    os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))


def must_miss(case: Case, what: str, change: Callable[[], object], expected: str, explained: str,
              program: Path | None = None, same_object: bool = False) -> None:
    """What is cached before the change is not after it, `dyad explain` says why, and then it is cached again. With
    `same_object` what is compiled anew may come to the same object, and so to the same result."""
    case.must_pass(case.test(program=program), f"before {what}", expected)
    run = case.test(program=program)
    case.must(run.cached == 1, f"before {what}: nothing is cached\n{run.stdout}{case.explain(program=program)}")
    change()
    case.inject()
    reason = case.explain(program=program)
    case.must(re.search(explained, reason) is not None, f"{what}: explained as {reason}")
    run = case.test(program=program)
    case.must_pass(run, what, expected)
    redone = run.counted("compile run") > 0 if same_object else run.cached == 0
    case.must(redone, f"{what}: a cached result\n{run.stdout}{run.stderr}")
    run = case.test(program=program)
    case.must(run.cached == 1, f"after {what}: nothing is cached\n{run.stdout}{case.explain(program=program)}")


@row(55, "dyad, its runtime, worker, code generator or headers are replaced", in_turns=True)
def dyad_is_replaced(case: Case) -> None:
    installed = case.dyad_program.resolve().parent.parent
    prefix = case.folder / "prefix"
    (prefix / "bin").mkdir(parents=True)
    shutil.copy2(installed / "bin/dyad", prefix / "bin/dyad")
    for name in ("lib/dyad", "share/dyad"):
        shutil.copytree(installed / name, prefix / name, symlinks=False)
    case.write_all(SMALL)
    program = prefix / "bin/dyad"
    for name in ("bin/dyad", "lib/dyad/libdyad_codegen.so", "lib/dyad/runtime.o", "lib/dyad/main.o", "lib/dyad/dyad-worker"):
        must_miss(case, f"{name} is replaced", lambda: replace(prefix / name), "value 1", "dyad or its compiler changed", program)
    for name in ("lib/dyad/libdyad_codegen.so", "bin/dyad"):
        must_miss(case, f"{name} is overwritten", lambda: overwrite_in_place(prefix / name), "value 1",
                  "dyad or its compiler changed", program)
    plugin = prefix / f"lib/dyad/plugins/libdyad_backend_{case.backend}.so"
    must_miss(case, "the backend is replaced", lambda: replace(plugin), "value 1", "no result of these images is known", program)
    header = prefix / "share/dyad/include/dyad/testing.h"
    must_miss(case, "<dyad/testing.h> changes", lambda: header.write_text(header.read_text() + "\nextern int another;\n"),
              "value 1", "header .*testing.h changed", program, same_object=True)


@row(55, "libstdc++ or libc, as LD_LIBRARY_PATH finds them, are replaced", in_turns=True)
def shared_libraries_are_replaced(case: Case) -> None:
    libraries = case.folder / "lib"
    libraries.mkdir()
    found = subprocess.run(["ldd", case.dyad_program.resolve().parent.parent / "lib/dyad/libdyad_codegen.so"],
                           capture_output=True, text=True, check=True).stdout
    places = dict(re.findall(r"(\S+) => (\S+)", found))
    for name in ("libstdc++.so.6", "libc.so.6"):
        shutil.copy(places[name], libraries / name)
    case.write("a_test.cpp", CXX_TEST)
    case.environment["LD_LIBRARY_PATH"] = str(libraries)
    must_miss(case, "libstdc++.so.6 is replaced", lambda: replace(libraries / "libstdc++.so.6"), "onetwo", "libstdc")
    must_miss(case, "libc.so.6 is replaced", lambda: replace(libraries / "libc.so.6"), "onetwo", r"libc\.so")


@row(55, "headers, start files and libraries of the system are replaced, or others appear", in_turns=True)
def sysroot_is_upgraded(case: Case) -> None:
    # A system of links to this one, in which single files are our own.
    root = case.folder / "sysroot"
    gcc = sorted(Path("/usr/lib/gcc").glob("*-linux-gnu/[0-9]*"))
    if not gcc:
        raise Skipped("no gcc in /usr/lib/gcc")
    triple, version = gcc[-1].parent.name, gcc[-1].name
    for directory in ("usr/include", f"usr/include/{triple}", f"usr/include/{triple}/c++", f"usr/lib/{triple}",
                      f"usr/lib/gcc/{triple}/{version}"):
        farm(Path("/") / directory, root / directory)
    (root / "lib").symlink_to("usr/lib")
    (root / "lib64").symlink_to("/lib64")
    for name in ("crti.o", "crtn.o", "libc.so", "libm.so"):
        own(root / f"usr/lib/{triple}/{name}")
    for name in ("crtbeginS.o", "libstdc++.so", "libgcc.a"):
        own(root / f"usr/lib/gcc/{triple}/{version}/{name}")
    own(root / "usr/include/stdio.h")
    case.write("dyad.toml", f'flags = ["--sysroot={root}"]\nlink_flags = ["--sysroot={root}"]\n')
    case.write("a_test.cpp", CXX_TEST)
    header = root / "usr/include/stdio.h"
    must_miss(case, "stdio.h changes", lambda: header.write_text(header.read_text() + "\nextern int another;\n"), "onetwo",
              r"header .*stdio\.h changed", same_object=True)
    for name in (f"usr/lib/gcc/{triple}/{version}/crtbeginS.o", f"usr/lib/gcc/{triple}/{version}/libgcc.a",
                 f"usr/lib/{triple}/crti.o", f"usr/lib/gcc/{triple}/{version}/libstdc++.so"):
        must_miss(case, f"{name} is replaced", lambda: replace(root / name), "onetwo", re.escape(Path(name).name) + " changed")
    script = root / f"usr/lib/{triple}/libc.so"
    must_miss(case, "libc.so is another script", lambda: script.write_text(script.read_text() + "\n/* upgraded */\n"), "onetwo",
              r"libc\.so changed")

    # Another gcc, whose start file has something to say.
    newer = root / f"usr/lib/gcc/{triple}/{int(version.split('.')[0]) + 1}"

    def install() -> None:
        farm(root / f"usr/lib/gcc/{triple}/{version}", newer)
        for name in ("c++", ):
            for place in (root / "usr/include" / name, root / f"usr/include/{triple}" / name):
                if place.exists() and not (place / newer.name).exists():
                    if place.is_symlink():
                        target = place.resolve()
                        place.unlink()
                        farm(target, place)
                    (place / newer.name).symlink_to(Path(os.path.realpath(place / version)))

    must_miss(case, "a newer gcc appears", install, "onetwo", r"directory|new file")
    run = case.test("--count=1")
    case.must(run.code == 0, f"after gcc: {run.stdout}")
    must_miss(case, "the newer gcc's start file changes", lambda: own_and_replace(newer / "crtbeginS.o"), "onetwo", "crtbeginS.o changed")
    # A library appears in a place that is searched before.
    case.write("dyad.toml", f'flags = ["--sysroot={root}"]\nlink_flags = ["--sysroot={root}", "-L{case.root}/own", "-lm"]\n')
    (case.root / "own").mkdir()
    libm = root / f"usr/lib/{triple}/libm.so"
    must_miss(case, "libm.so appears earlier", lambda: shutil.copy(libm, case.root / "own/libm.so"), "onetwo", "new file own/libm.so")


def farm(source: Path, target: Path) -> None:
    """A directory of links to all that is in another."""
    target.mkdir(parents=True, exist_ok=True)
    for entry in os.scandir(source):
        place = target / entry.name
        if not place.exists() and not place.is_symlink():
            place.symlink_to(entry.path)


def own(place: Path) -> None:
    """A copy instead of the link."""
    target = place.resolve()
    place.unlink()
    shutil.copy(target, place)


def own_and_replace(place: Path) -> None:
    own(place)
    replace(place)

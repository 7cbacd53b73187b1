"""Rows 43 and 46 to 54: inputs that change in ways that are easy to miss, before, between and during runs."""

import os
import re
import time
from pathlib import Path
from typing import Callable

from case import SMALL, Case, Run, row, wait_for

SHOW = """#include <dyad/testing.h>
#include "value.h"
void TestValue(dyad_T *t) { dyad_log(t, "value %d", VALUE); }
"""
# A test that waits, before or after it looks, until the file that it made in its own temporary directory, which is no input,
# is taken away: so it can be interrupted.
WAITS = """#include <dyad/testing.h>
#include <stdio.h>
#include <unistd.h>
static void show(dyad_T *t, const char *path) {
  char line[32] = "none";
  FILE *file = fopen(path, "r");
  if (file && fscanf(file, "%%31s", line) != 1) line[0] = 0;
  if (file) fclose(file);
  dyad_log(t, "data %%s", line);
}
void TestData(dyad_T *t) {
  if (%(first)d) show(t, "%(path)s");
  char waiting[4096];
  snprintf(waiting, sizeof waiting, "%%s/waiting", dyad_temp_dir(t));
  FILE *file = fopen(waiting, "w");
  if (file) fclose(file);
  while (access(waiting, F_OK) == 0) usleep(1000);
  if (!%(first)d) show(t, "%(path)s");
}
"""


def settle() -> None:
    """What was written two seconds ago may be remembered by its stamp from then on."""
    time.sleep(2.1)


def keep(case: Case, what: str, *texts: str) -> None:
    """The state that the edits start from is in the cache."""
    case.must_pass(case.test(), what, *texts)
    run = case.test()
    case.must(run.cached > 0, f"{what} is not kept\n{run.stdout}{case.explain()}")


def rename_over(case: Case, path: str, text: str) -> None:
    place = case.root / path
    status = place.stat()
    new = case.write(path + ".new", text)
    os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))
    new.rename(place)


@row(43, "the same size and mtime, other bytes", in_turns=True)
def same_size_and_mtime(case: Case) -> None:
    case.write_all(SMALL)
    keep(case, "first state", "value 1", "data first")
    # At once, when nothing is remembered by its stamp, and when everything is.
    for age in ("young", "old"):
        if age == "old":
            case.wipe()
            case.write("a.h", SMALL["a.h"])
            case.write("data.txt", SMALL["data.txt"])
            keep(case, "the state to remember", "value 1", "data first")
            settle()
            case.test("--no-cache")
            case.test()
        case.swap_digits("a.h", "1", "2")
        case.must_rebuild(f"a header, {age}", "value 2", "data first")
        case.swap_digits("a.c", "VALUE;", "7    ;")
        case.must_rebuild(f"a source, {age}", "value 7")
        case.swap_digits("data.txt", "first", "other")
        case.must_rebuild(f"a data file, {age}", "data other")
        case.swap_digits("a_test.c", "data %s", "DATA %s")
        case.must_rebuild(f"a test, {age}", "DATA other")
        rename_over(case, "a.h", SMALL["a.h"].replace("1", "3"))
        case.swap_digits("a.c", "7    ;", "VALUE;")
        case.must_rebuild(f"a header that another was renamed to, {age}", "value 3")
        case.swap_digits("a_test.c", "DATA %s", "data %s")
    case.run_unit_tests("inputs", "FileStatesTest.*")


@row(46, "a header appears earlier on the include path", in_turns=True)
def header_appears_earlier(case: Case) -> None:
    case.write_all({"dyad.toml": 'include_roots = ["first", "second", "third"]\n', "third/value.h": "#define VALUE 1\n",
                    "first/other.h": "", "p/a_test.c": SHOW})
    keep(case, "first state", "value 1")
    for number, place in enumerate(("second", "first", "include", "src", ".", "p"), 2):
        if place in ("include", "src"):
            continue  # they come after include_roots
        case.write(f"{place}/value.h", f"#define VALUE {number}\n")
        case.must(f"new file {os.path.normpath(f'{place}/value.h')} shadows" in case.explain()
                  or "new directory second" in case.explain(), f"{place}: explained as {case.explain()}")
        case.must_rebuild(f"value.h in {place}", f"value {number}")
    for number, place in ((6, "first"), (3, "second")):
        case.must_pass(case.test(), "still the nearest", "value 7")
    case.run_script("input_header_appears_earlier")


@row(47, "a target of __has_include or __has_embed appears, and goes again", in_turns=True)
def target_of_has_include(case: Case) -> None:
    case.write("p/a_test.c", """#include <dyad/testing.h>
#if __has_include("maybe.h")
#include "maybe.h"
#else
#define VALUE 1
#endif
#if __has_include(<sub/far.h>)
#define FAR 1
#else
#define FAR 0
#endif
#if defined(__has_embed)
#if __has_embed("bytes.bin")
#define BYTES 1
#endif
#endif
#ifndef BYTES
#define BYTES 0
#endif
void TestValue(dyad_T *t) { dyad_log(t, "value %d far %d bytes %d", VALUE, FAR, BYTES); }
""")
    keep(case, "first state", "value 1 far 0 bytes 0")
    case.write("p/maybe.h", "#define VALUE 2\n")
    case.must("new file p/maybe.h" in case.explain(), f"maybe.h: {case.explain()}")
    case.must_rebuild("maybe.h", "value 2 far 0 bytes 0")
    case.write("include/sub/far.h", "")
    case.must_rebuild("sub/far.h in a new directory", "value 2 far 1 bytes 0")
    case.write("p/bytes.bin", "x")
    case.must_rebuild("bytes.bin", "value 2 far 1 bytes 1")
    for path, texts in (("p/maybe.h", "value 1 far 1 bytes 1"), ("include/sub/far.h", "value 1 far 0 bytes 1"),
                        ("p/bytes.bin", "value 1 far 0 bytes 0")):
        (case.root / path).unlink()
        case.inject()
        case.must_pass(case.test(), f"{path} is gone", texts)


@row(48, "an include directory appears", in_turns=True)
def directory_appears(case: Case) -> None:
    case.write_all({"src/value.h": "#define VALUE 1\n", "p/a_test.c": SHOW.replace('"value.h"', "<value.h>"),
                    "dyad.toml": 'include_roots = ["late"]\n[dir.p]\nflags = ["-isystem", "later"]\n'})
    (case.root / "late").mkdir()
    keep(case, "first state", "value 1")
    (case.root / "late").rmdir()
    for number, place in ((2, "include"), (3, "late")):
        case.write(f"{place}/value.h", f"#define VALUE {number}\n")
        if place == "include":
            (case.root / "late").mkdir()
        case.must_rebuild(f"{place} appears", f"value {number}")
    # A directory that comes with a rename, its files older than all that dyad knows.
    case.write("elsewhere/value.h", "#define VALUE 4\n")
    os.utime(case.root / "elsewhere/value.h", (1_000_000_000, 1_000_000_000))
    (case.root / "late/value.h").unlink()
    (case.root / "late").rmdir()
    (case.root / "elsewhere").rename(case.root / "late")
    case.must_rebuild("a directory is renamed into its place", "value 4")


@row(49, "a header is deleted or renamed, a symlink retargeted", in_turns=True)
def header_goes(case: Case) -> None:
    case.write_all({"dyad.toml": 'include_roots = ["first", "second"]\n', "first/value.h": "#define VALUE 1\n",
                    "second/value.h": "#define VALUE 2\n", "p/a_test.c": SHOW})
    keep(case, "first state", "value 1")
    (case.root / "first/value.h").rename(case.root / "first/kept.h")
    case.must("header first/value.h is gone" in case.explain(), f"renamed: {case.explain()}")
    case.must_rebuild("renamed", "value 2")
    (case.root / "second/value.h").unlink()
    case.inject()
    case.must(case.test().code == 3, "deleted: it still builds")
    # Links: to a file, to a directory, to a directory above that, through another link.
    for name, number in (("x", 3), ("y", 4)):
        case.write(f"targets/{name}/deep/value.h", f"#define VALUE {number}\n")
    first = case.root / "first/value.h"
    for number, name in ((3, "x"), (4, "y")):
        first.unlink(missing_ok=True)
        first.symlink_to(f"../targets/{name}/deep/value.h")
        case.must_rebuild(f"a link to the file of {name}", f"value {number}")
    first.unlink()
    (case.root / "first/kept.h").unlink()
    (case.root / "first").rmdir()
    for place, target in (("first", "targets/{}/deep"), ("first", "middle/deep"), ("first", "middle/deep")):
        for number, name in ((3, "x"), (4, "y")):
            link = case.root / place
            link.unlink(missing_ok=True)
            (case.root / "middle").unlink(missing_ok=True)
            (case.root / "middle").symlink_to(f"targets/{name}")
            link.symlink_to(target.format(name))
            case.inject()
            case.must_pass(case.test(), f"{place} -> {target.format(name)} of {name}", f"value {number}")
    settle()
    case.test()
    (case.root / "middle").unlink()
    (case.root / "middle").symlink_to("targets/x")
    case.inject()
    case.must_pass(case.test(), "a link on the way, all stamps remembered", "value 3")


# 50, 51


@row(50, "a source or header is edited while it compiles: used, not kept for what it is now", in_turns=True)
def edited_while_it_compiles(case: Case) -> None:
    for path, old, new, before, after in (("a.h", "VALUE 1", "VALUE 2", "value 1", "value 2"),
                                          ("a.c", "VALUE;", "5    ;", "value 1", "value 5"),
                                          ("a_test.c", "value %d", "VALUE %d", "value 1", "VALUE 1")):
        case.write_all(SMALL)
        case.wipe()
        edited = case.folder / "edited"
        edited.write_text(SMALL[path].replace(old, new))
        run = case.test(**case.with_shim(EDIT=case.root / path, EDIT_FROM=edited))
        case.inject()
        case.must(not edited.exists(), f"{path} was not edited")
        # A file that several sources read may be read before and after; what was read first is what was used there.
        case.must_pass(run, f"{path} is edited while it compiles")
        case.must(before in run.stdout or after in run.stdout, f"{path}: neither\n{run.stdout}")
        for _ in range(2):
            case.must_pass(case.test(**case.with_shim()), f"{path} after it was edited", after)
        # And back: what was made of the old bytes, if anything was kept, is right for them.
        case.write(path, SMALL[path])
        case.must_pass(case.test(**case.with_shim()), f"{path} is back", before)


def source_that_waits(path: str, first: int) -> str:
    return WAITS % {"path": path, "first": first}


def run_that_waits(case: Case, action: Callable[[], None] = lambda: None) -> Run:
    """A run with the action while the test waits, if it is run at all."""
    found: list[Path] = []

    def waits() -> bool:
        found[:] = [Path(folder) / "waiting" for folder, _, files in os.walk(case.temporary) if "waiting" in files]
        return bool(found)

    process = case.start("test", "-v", "-p", "1", "./...")
    if wait_for(waits, process):
        action()
        found[0].unlink()
    return case.end(process)


@row(51, "a data file is edited, renamed over, its link or directory exchanged during the test: not kept")
def data_changes_during_the_test(case: Case) -> None:
    def edit() -> None:
        case.write("data/in", "new\n")

    def rename() -> None:
        rename_over(case, "data/in", "new\n")

    def exchange_directory() -> None:
        (case.root / "data").rename(case.root / "data.old")
        (case.root / "other").rename(case.root / "data")

    def retarget() -> None:
        (case.root / "link").unlink()
        (case.root / "link").symlink_to("other/in")

    def retarget_directory() -> None:
        (case.root / "dir").unlink()
        (case.root / "dir").symlink_to("other")

    def remove() -> None:
        (case.root / "data/in").unlink()

    actions = {"edit": ("data/in", edit), "rename over": ("data/in", rename), "remove": ("data/in", remove),
               "exchange the directory": ("data/in", exchange_directory), "retarget the link": ("link", retarget),
               "retarget the directory's link": ("dir/in", retarget_directory)}
    for name, (path, action) in ({"nothing": ("data/in", lambda: None)} | actions).items():
        for first in (1, 0):  # whether the test looks before or after
            for place in ("data", "data.old", "other"):
                for entry in (case.root / place).glob("*"):
                    entry.unlink()
            case.write("data/in", "old\n")
            case.write("other/in", "new\n")
            for link, target in (("link", "data/in"), ("dir", "data")):
                (case.root / link).unlink(missing_ok=True)
                (case.root / link).symlink_to(target)
            case.write("a_test.c", source_that_waits(path, first))
            case.wipe()
            what = f"{name}, the test looks {'before' if first else 'after'}"
            run = run_that_waits(case, action)
            now = "old" if name == "nothing" else "none" if name == "remove" else "new"
            case.must_pass(run, what, f"data {'old' if first else now}")
            for _ in range(2):
                run = run_that_waits(case)
                case.must_pass(run, f"{what}; then", f"data {now}")
            if name == "nothing":
                case.must(run.cached == 1, f"not kept although nothing changed: {case.explain()}")
            else:
                case.inject()


@row(51, "a data file is edited after the run began and before its test does: not kept for what it was")
def data_changes_before_the_test(case: Case) -> None:
    # Two packages, run one after the other: while the first waits, the second's data changes, and is then read.
    case.write_all({"a/a_test.c": source_that_waits("in", 1), "a/in": "old\n", "b/a.c": SMALL["a.c"],
                    "b/a.h": SMALL["a.h"], "b/a_test.c": SMALL["a_test.c"].replace("data.txt", "../second.txt"),
                    "second.txt": "first\n"})
    case.must_pass(run_that_waits(case), "first run", "data first")
    # Both packages are run again; the second's old result is looked up first, and so its file is looked at.
    for text in ("other", "third"):
        case.write("a/in", f"{text}\n")
        case.write("second.txt", f"{text}0\n")
        run = run_that_waits(case, lambda: case.write("second.txt", f"{text}1\n"))
        case.inject()
        case.must_pass(run, "edited meanwhile", f"data {text}1")
        case.write("second.txt", f"{text}0\n")
        case.must_pass(run_that_waits(case), "and back", f"data {text}0")


# 52, 53, 54


@row(52, "an environment variable that the test reads changes")
def variable_changes(case: Case) -> None:
    case.write("a_test.c", """#include <dyad/testing.h>
#include <stdlib.h>
void TestVariable(dyad_T *t) {
  const char *value = getenv("FAULT_VALUE");
  dyad_log(t, "variable %s", value ? *value ? value : "empty" : "unset");
}
""")
    keep(case, "first state", "variable unset")
    for value, text in (("one", "one"), ("two", "two"), ("", "empty")):
        case.environment["FAULT_VALUE"] = value
        case.must("environment variable FAULT_VALUE" in case.explain(), f"{text}: {case.explain()}")
        case.must_rebuild(f"the variable is {text}", f"variable {text}")
        case.must(case.test().cached == 1, f"{text} is not kept")
    del case.environment["FAULT_VALUE"]
    case.inject()
    case.must_pass(case.test(), "unset again", "variable unset")
    case.environment["UNRELATED"] = "1"
    case.must(case.test().cached == 1, "a variable that nothing reads matters")
    case.run_script("inputs_data_and_environment")


@row(53, "__DATE__, __TIME__ and __TIMESTAMP__ are expanded", in_turns=True)
def date_is_expanded(case: Case) -> None:
    for macro in ("__DATE__", "__TIME__", "__TIMESTAMP__"):
        case.write("a_test.c", f"""#include <dyad/testing.h>
void TestDate(dyad_T *t) {{ dyad_log(t, "it is %s", {macro}); }}
""")
        case.test()
        run = case.test()
        case.inject()
        case.must(run.counted("compile run") == 1, f"{macro} is kept: {run.stderr}")
        case.must(macro in case.explain(), f"{macro} is not explained: {case.explain()}")
    case.run_script("cache_date_not_kept")


@row(54, "what #embed, .incbin, .include, -include, -imacros and other flags read changes", in_turns=True)
def embedded_files(case: Case) -> None:
    template = """#include <dyad/testing.h>
%s
void TestBytes(dyad_T *t) { dyad_log(t, "bytes %%c by @", %s); }
"""
    assembly = '__asm__(".section .rodata,\\"a\\"\\n.global dyad_bytes\\ndyad_bytes:\\n%s\\n.previous\\n");\nextern const char dyad_bytes[];'
    forms = {
        "#embed": (template % ('static const char bytes[] = {\n#embed "bytes.bin"\n};', "bytes[0]"), ""),
        ".incbin": (template % (assembly % '.incbin \\"bytes.bin\\"', "dyad_bytes[0]"), ""),
        ".incbin by an absolute path": (template % (assembly % f'.incbin \\"{case.root}/p/bytes.bin\\"', "dyad_bytes[0]"), ""),
        ".include": (template % (assembly % '.include \\"bytes.s\\"', "dyad_bytes[0]"), ""),
        ".incbin in a function": (template % ("", "({ const char *at; __asm__(\".section .rodata,\\\"a\\\"\\n1: .incbin "
                                  "\\\"bytes.bin\\\"\\n.previous\\nleaq 1b(%%rip), %0\" : \"=r\"(at)); *at; })"), ""),
        "-include": (template % ("", "BYTES"), "-include p/bytes.h"),
        "-imacros": (template % ("", "BYTES"), "-imacros p/bytes.h"),
    }
    for name, (text, flags) in forms.items():
        case.write("p/a_test.c", text.replace("@", re.sub(r"\W", "_", name)))  # no two forms give the same object
        words = ", ".join(f'"{case.root / word if word.startswith("p/") else word}"' for word in flags.split())
        case.write("dyad.toml", f"flags = [{words}]\n")

        def bytes_are(letter: str) -> None:
            case.write("p/bytes.bin", letter)
            case.write("p/bytes.s", f".byte '{letter}'\n")
            case.write("p/bytes.h", f"#define BYTES '{letter}'\n")

        bytes_are("a")
        case.must_pass(case.test(), f"{name} at first", "bytes a")
        run = case.test()
        case.must_pass(run, f"{name} again", "bytes a")
        if not run.cached:
            case.note(f"{name} not kept")
        for letter in "bc":
            bytes_are(letter)
            case.must_rebuild(name, f"bytes {letter}")
        bytes_are("a")
        case.inject()
        case.must_pass(case.test(), f"{name} back", "bytes a")
    # Lists for the sanitizers and the like are inputs, too: with an entry for the function it is not instrumented.
    case.write_all({"p/a_test.c": SHOW.replace("VALUE", "instrumented()").replace(
        "void", "__attribute__((noinline)) static int instrumented(void) { return __has_feature(undefined_behavior_sanitizer); }\nvoid"),
        "p/value.h": "", "dyad.toml": f'flags = ["-fsanitize-ignorelist={case.root}/list.txt", "-fsanitize=signed-integer-overflow", '
                                      '"-fsanitize-trap=all"]\n', "list.txt": "fun:nothing\n"})
    case.must_pass(case.test(), "a list")
    case.write("list.txt", "fun:instrumented\n")
    case.inject()
    run = case.test()
    case.must(run.counted("compile run") == 1, f"a list for sanitizers changes: {run.stdout}{run.stderr}")

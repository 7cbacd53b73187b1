"""Rows 33, 57, 58 and 61 to 64: names and numbers, file systems, neighbours, and dyad's own death."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from cache_rows import mounted, prepare
from case import NOBODY, SMALL, Case, Run, Skipped, row

TRIVIAL = "#include <dyad/testing.h>\nvoid Test{}(dyad_T *t) {{ (void)t; }}\n"


@row("33", "dyad is killed at a random instant: the cache verifies, the next run is right")
def killed_at_random(case: Case) -> None:
    expected = prepare(case)
    lengths = [length_of_a_run(case, state, expected) for state in range(3)]
    kills = 200 if case.full else 20
    kept = ended = 0
    for number in range(kills):
        # What the cache holds before differs: nothing, everything, or what another kill left.
        if number % 3 == 0:
            case.wipe()
        elif number % 3 == 1:
            case.write("a.h", SMALL["a.h"].replace("1", str(number + 10)))
        else:
            case.write("data.txt", f"first and {number}\n")
        process = case.start("test", "-v", "--debug=stats", "./...")
        try:
            process.wait(case.random.uniform(0, lengths[number % 3]))
            ended += 1
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        case.inject()
        what = f"kill {number}"
        case.verify_cache(what)
        kept += bool(case.entries())
        value = re.search(r"VALUE (\d+)", (case.root / "a.h").read_text())[1]
        for _ in range(2):
            case.must_pass(case.test(), f"run after {what}", f"value {value}", "data first")
    case.must(not processes_of(case), f"processes are left: {processes_of(case)}")
    case.must(ended < kills * 0.75 and kept > kills / 3, f"{ended} had ended before, {kept} had stored anything")
    case.note(f"{ended} had ended before the kill, {kept} had stored something")
    # What killed runs left in the cache goes with a trim, when it is old enough.
    for left in case.cache.glob("v*/temporary/*"):
        os.utime(left, (1_000_000_000, 1_000_000_000))
    case.dyad("cache", "trim")
    case.must(not list(case.cache.glob("v*/temporary/*")), "temporary files stay after a trim")


def length_of_a_run(case: Case, state: int, expected: Run) -> float:
    """In seconds, the shorter of two: from an empty cache, after a change of a header, of a data file."""
    lengths = []
    for number in range(2):
        if state == 0:
            case.wipe()
        elif state == 1:
            case.write("a.h", SMALL["a.h"] + f"// {number}\nextern int unused{number};\n")
        else:
            case.write("data.txt", f"first and {state}{number}\n")
        started = time.monotonic()
        case.must_say(case.test(), expected, "a run to measure")
        lengths.append(time.monotonic() - started)
    return min(lengths)


def processes_of(case: Case) -> list[str]:
    """Commands of processes that were started for the case and are still there, a second later."""
    deadline = time.monotonic() + 1
    while True:
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if str(case.folder).encode() in (place / "environ").read_bytes():
                    found.append((place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:
                pass
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.02)


# 57


@row(57, "file names with spaces, quotes, newlines, bytes that are not UTF-8", in_turns=True)
def odd_file_names(case: Case) -> None:
    names = [b"with space", b"with\"quote", b"with'quote", b"with\nnewline", b"with\ttab", b"with\xffbyte", b"with\xc3\xa4",
             b"with\\backslash", b"with$dollar", b"with%percent", b"with;semicolon", b"with#hash", b"-dash", b"with{brace}",
             b"with*star", b"with:colon", b"with,comma", b"with=equals", b"@at"]
    root = os.fsencode(case.root)
    for number, name in enumerate(names):
        directory = os.path.join(root, name)
        os.mkdir(directory)
        for file, text in ((header_of(name), f"#define VALUE {number}\n".encode()),
                           (b"data " + name, f"data{number}\n".encode()),
                           (name + b"_test.c", test_of_odd_names(name, number))):
            with open(os.path.join(directory, file), "wb") as to:
                to.write(text)
    case.written = time.monotonic()
    run = case.test()
    case.inject(len(names))
    case.must(run.code == 0, f"exit code {run.code}:\n{run.stdout}{run.stderr}")
    for number, name in enumerate(names):
        case.must(f"value {number} data{number}" in run.stdout, f"{name!r} is missing in\n{run.stdout}")
    # One package a line, whatever is in its name.
    case.must(len(re.findall(r"^ok  \t.*\t", run.stdout, re.MULTILINE)) == len(names), f"lines:\n{run.stdout}")
    run = case.test()
    case.must(run.cached == len(names), f"{run.cached} of {len(names)} are kept\n{run.stdout}\n{case.explain()}")
    for name in names:
        with open(os.path.join(root, name, header_of(name)), "ab") as to:
            to.write(b"\n")
        with open(os.path.join(root, name, b"data " + name), "wb") as to:
            to.write(b"other\n")
    case.inject(len(names))
    run = case.test()
    case.must(run.code == 0 and run.stdout.count(" other") == len(names), f"edited: {run.stdout}{run.stderr}")
    case.run_script("input_odd_names")


def header_of(name: bytes) -> bytes:
    """#include takes any name without a quote or a newline."""
    return b"plain.h" if b'"' in name or b"\n" in name else name + b".h"


def test_of_odd_names(name: bytes, number: int) -> bytes:
    # The data file is found by listing, so that the name need not be written in C.
    return b"""#include <dirent.h>
#include <dyad/testing.h>
#include <stdio.h>
#include <string.h>
#include "%s"
void TestName%d(dyad_T *t) {
  char word[32] = "none";
  DIR *directory = opendir(".");
  for (struct dirent *entry; directory && (entry = readdir(directory));)
    if (strncmp(entry->d_name, "data ", 5) == 0) {
      FILE *file = fopen(entry->d_name, "r");
      if (file && fscanf(file, "%%31s", word) != 1) word[0] = 0;
      if (file) fclose(file);
    }
  if (directory) closedir(directory);
  dyad_log(t, "value %%d %%s", VALUE, word);
}
""" % (header_of(name), number)


@row(57, "paths of 4,096 characters and names of 255", in_turns=True)
def long_paths(case: Case) -> None:
    case.write("near/a_test.c", TRIVIAL.format("Near"))
    long_name = "n" * (255 - len("_test.c")) + "_test.c"
    case.write(f"near/{long_name}", TRIVIAL.format("LongName"))
    # Directories below each other, until the last file's path is as long as the system allows, and longer.
    depth, at = 0, os.open(case.root, os.O_RDONLY | os.O_DIRECTORY)
    length = len(str(case.root))
    lengths = []
    while length < 4200:
        name = "d" * min(200, 4080 - length if 4000 < length < 4080 else 200)
        os.mkdir(name, dir_fd=at)
        next_at = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=at)
        os.close(at)
        at, depth, length = next_at, depth + 1, length + 1 + len(name)
        if 3500 < length:
            file = os.open("a_test.c", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=at)
            os.write(file, TRIVIAL.format(f"Deep{length}").encode())
            os.close(file)
            lengths.append(length + len("/a_test.c"))
    os.close(at)
    case.inject(len(lengths) + 1)
    run = case.test()
    case.must("PASS: TestNear" in run.stdout and "PASS: TestLongName" in run.stdout, f"near: {run.stdout}{run.stderr}")
    case.must(run.code in (0, 3), f"exit code {run.code}: {run.stderr}")
    tested = len(re.findall(r"PASS: TestDeep", run.stdout))
    if run.code == 3 or tested < len(lengths):
        case.must("too long" in run.stdout + run.stderr, f"what is too long is not said:\n{run.stdout}{run.stderr}")
    case.note(f"{tested} of {len(lengths)} deep packages ran")
    again = case.test()
    case.must(again.code == run.code and again.cached == tested + 1, f"again: {again.code}, {again.cached} cached")
    subprocess.run(["rm", "-rf", case.root / ("d" * 200)], check=True)


@row(57, "no tests, 10,000 tests in a package, duplicate names", in_turns=True)
def numbers_of_tests(case: Case) -> None:
    case.write("none/a_test.c", "#include <dyad/testing.h>\nint unused;\n")
    case.inject()
    run = case.test()
    case.must(run.code == 4, f"no tests: exit code {run.code}: {run.stdout}{run.stderr}")
    count = 10_000
    case.write("many/a_test.c", "#include <dyad/testing.h>\n" + "".join(
        f"void TestMany{number}(dyad_T *t) {{ (void)t; }}\n" for number in range(count)))
    for cached in (0, 1):
        case.inject()
        run = case.test()
        case.must(run.stdout.count("--- PASS: TestMany") == count and run.cached >= cached,
                  f"{run.stdout.count('--- PASS')} of {count} passed, {run.cached} cached; {run.stdout[-500:]}{run.stderr}")
        case.must(f"{count} passed" in run.stdout, run.stdout[-300:])
    case.run_script("input_two_tests_of_one_name")


# 58


@row(58, "a read-only source tree", in_turns=True)
def read_only_sources(case: Case) -> None:
    case.skip_unless_root("mount a tree read-only")
    expected = prepare(case)
    done = subprocess.run(["mount", "--bind", case.root, case.root], capture_output=True, text=True)
    if done.returncode != 0:
        raise Skipped(f"cannot mount: {done.stderr.strip()}")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", case.root], check=True)
        for what, arguments in (("what is kept", ()), ("without a cache", ("--no-cache",)), ("again", ("--count=1",))):
            case.inject()
            run = case.test(*arguments)
            case.must_say(run, expected, f"a read-only tree, {what}")
        case.wipe()
        case.inject()
        case.must_say(case.test(), expected, "a read-only tree and an empty cache")
        run = case.dyad("build", ".")
        case.must(run.code in (2, 3, 5) and "Read-only" in run.stdout + run.stderr, f"dyad build: {run.code} {run.stderr}")
    finally:
        subprocess.run(["umount", "-l", case.root], check=True)


@row(58, "no HOME, or one that is not there or cannot be written", in_turns=True)
def no_home(case: Case) -> None:
    case.write_all(SMALL)
    for what, home in (("no HOME", None), ("an empty one", ""), ("a relative one", "home"), ("none there", f"{case.folder}/no/where"),
                       ("a file", str(case.write("file", "")))):
        case.inject()
        for _ in range(2):
            run = case.test(HOME=home, DYAD_CACHE=None, XDG_CACHE_HOME=None)
            case.must_pass(run, what, "value 1")
        if what == "a file":
            case.must(len(run.warnings) == 1 and "set DYAD_CACHE" in run.stderr, f"{what}: {run.stderr}")
        else:
            case.must(run.cached == 1 and not run.warnings, f"{what}: nothing is kept: {run.stdout}{run.stderr}")
    path = case.dyad("cache", "path", HOME=None, DYAD_CACHE=None, XDG_CACHE_HOME=None).stdout.strip()
    case.must(path == f"{case.temporary}/dyad-cache-{os.geteuid()}", f"the place without a home: {path}")


@row(58, "the cache, or the temporary directory too, on a mount that forbids execution")
def noexec_mount(case: Case) -> None:
    case.skip_unless_root("mount a file system")
    expected = prepare(case)
    case.wipe()
    case.cache.mkdir()
    with mounted(case, "tmpfs", "size=16m,mode=0700,noexec"):
        for what in ("from nothing", "kept"):
            case.inject()
            case.must_say(case.test(), expected, f"a cache that forbids execution, {what}")
        run = case.test("--count=1")
        case.inject()
        case.must_say(run, expected, "a cache that forbids execution, its images run again")
        case.must(run.counted("link run") == 0, f"linked again: {run.stderr}")
        with mounted(case, "tmpfs", "size=16m,mode=0700,noexec", case.temporary):
            case.inject()
            run = case.test("--count=1")
            case.must(run.code != 0 and "TMPDIR" in run.stdout + run.stderr,
                      f"nothing may be executed anywhere: {run.code} {run.stdout}{run.stderr}")
        case.must_say(case.test("--count=1"), expected, "and allowed again")


# 61


@row(61, "a fresh executable is still open for writing somewhere", ("exe",))
def text_file_busy(case: Case) -> None:
    case.write_all({f"p{number}/a_test.c": TRIVIAL.format(f"P{number}") + f"int unique{number};\n" for number in range(16)})
    for _ in range(20 if case.full else 3):
        case.wipe()
        run = case.test("-p", "8", "-j", "4")
        case.inject(16)
        case.must(run.code == 0 and run.stdout.count("--- PASS") == 16 and "busy" not in run.stdout.lower(),
                  f"{run.stdout}{run.stderr}")
    # Another process has the image open for writing for a while.
    image = next(entry for entry in case.entries() if os.access(entry, os.X_OK) and entry.stat().st_mode & 0o111)
    image.chmod(0o755)
    holder = subprocess.Popen(["sh", "-c", f"exec 9>>'{image}'; echo held; exec sleep 0.4"], stdout=subprocess.PIPE)
    holder.stdout.readline()
    run = case.test("--count=1")
    case.inject()
    case.must(run.code == 0 and run.stdout.count("--- PASS") == 16, f"held open: {run.stdout}{run.stderr}")
    holder.wait()


# 62, 63, 64


@row(62, "a cache directory of another user, or writable by others: refused unless asked for", in_turns=True)
def foreign_directory(case: Case) -> None:
    expected = prepare(case)
    states = [("writable by the group", 0o770, None, "others may write to it"), ("by everybody", 0o777, None, "others may write")]
    if os.geteuid() == 0:
        states += [("of another user", 0o700, NOBODY, "belongs to another user"),
                   ("of another user, open to all", 0o777, NOBODY, "belongs to another user")]
    else:
        case.note("not root: directories of other users left out")
    for what, mode, owner, reason in states:
        for filled in (False, True):
            case.wipe()
            case.cache.mkdir()
            if filled:
                case.test()
            case.cache.chmod(mode)
            if owner is not None:
                os.chown(case.cache, owner, owner)
            before = case.entries()
            case.inject()
            run = case.test()
            case.must_say(run, expected, what)
            case.must(run.cached == 0 and len(run.warnings) == 1 and reason in run.warnings[0], f"{what}: {run.stderr}")
            case.must(case.entries() == before, f"{what}: something was written")
            check = case.dyad("cache", "verify")
            case.must(check.code == 2 and reason in check.stderr, f"{what}: cache verify: {check.code} {check.stderr}")
            for _ in range(2):
                run = case.test(DYAD_CACHE_SHARED="1")
                case.must_say(run, expected, f"{what}, asked for")
            case.must(run.cached == 1 and not run.warnings, f"{what}, asked for: {run.stdout}{run.stderr}")
    if os.geteuid() != 0:
        return
    # Two users share one, the way a group does.
    if not all(place.stat().st_mode & 0o001 for place in case.dyad_program.parents):
        return case.note("two users were not tried: dyad is out of their reach")
    case.wipe()
    case.cache.mkdir()
    os.chown(case.cache, NOBODY, NOBODY)
    case.cache.chmod(0o2777)
    case.root.chmod(0o755)
    for place in (case.folder, case.temporary):
        place.chmod(0o777)
    case.must_pass(case.test(user=NOBODY, DYAD_CACHE_SHARED="1", HOME="/"), "one user", "value 1")
    other = case.test(user=NOBODY - 1, DYAD_CACHE_SHARED="1", HOME="/")
    case.inject()
    case.must_pass(other, "another user", "value 1")
    case.must(other.counted("compile run") == 0 and not other.warnings, f"nothing is shared: {other.stderr}")
    case.write("a.h", SMALL["a.h"].replace("1", "2"))
    run = case.test(user=NOBODY - 1, DYAD_CACHE_SHARED="1", HOME="/")
    case.must(run.code == 0 and not run.warnings, f"another user cannot store: {run.stdout}{run.stderr}")
    case.run_unit_tests("cache", "StoreTest.Directory*:StoreTest.Link*")


@row(63, "links planted in temporary and cache directories are not followed")
def planted_links(case: Case) -> None:
    expected = prepare(case)
    victim = case.folder / "victim"
    victim.mkdir()
    (victim / "precious").write_text("precious")

    def untouched(what: str) -> None:
        case.inject()
        case.must(os.listdir(victim) == ["precious"] and (victim / "precious").read_text() == "precious",
                  f"{what}: the link was followed: {os.listdir(victim)}")

    # In the cache: in place of its folder and of files.
    for name in ("v2", "v2/lock", "v2/trimmed", "v2/CACHEDIR.TAG", "memo"):
        case.wipe()
        case.test()
        place = case.cache / name if name != "memo" else next(case.cache.glob("v2/memo/*/*"))
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
        place.symlink_to(victim if name == "v2" else victim / "precious")
        run = case.test()
        case.must_say(run, expected, f"a link at {name}")
        case.dyad("cache", "trim")
        case.dyad("cache", "verify")
        untouched(f"a link at {name}")
        place.unlink(missing_ok=True)
    # In the place of the cache itself, where there is no home and everybody can write.
    if os.geteuid() == 0:
        place = case.temporary / f"dyad-cache-{os.geteuid()}"
        place.symlink_to(victim)
        os.lchown(place, NOBODY, NOBODY)
        run = case.test(HOME=None, DYAD_CACHE=None, XDG_CACHE_HOME=None)
        case.must_say(run, expected, "another user's link in place of the cache")
        case.must("a link of another user" in run.stderr, f"not said: {run.stderr}")
        untouched("another user's link in place of the cache")
        place.unlink()
        place.mkdir()
        os.chown(place, NOBODY, NOBODY)
        run = case.test(HOME=None, DYAD_CACHE=None, XDG_CACHE_HOME=None)
        case.inject()
        case.must_say(run, expected, "another user's directory in place of the cache")
        case.must("belongs to another user" in run.stderr, f"not said: {run.stderr}")
        os.rmdir(place)
    # A test that plants links in its own temporary directories: they are removed, not what they point to.
    case.write("a_test.c", f"""#include <dyad/testing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
void TestPlants(dyad_T *t) {{
  char path[4096];
  if (symlink("{victim}", "planted") != 0 && access("planted", F_OK) != 0) dyad_error(t, "cannot plant");
  unlink("planted");
  snprintf(path, sizeof path, "%s/planted", dyad_temp_dir(t));
  if (symlink("{victim}", path) != 0) dyad_error(t, "cannot plant in %s", path);
  snprintf(path, sizeof path, "%s/planted", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
  (void)!symlink("{victim}", path);
}}
""")
    case.must(case.test().code == 0, "the test that plants")
    untouched("links in the test's temporary directories")
    # `dyad build -o`: an image replaces a link that lies in its place, it is not written through it.
    case.write_all(SMALL)
    (case.root / "out").mkdir()
    for name in ("work.so", "work", "work.test", "a.so", "a"):
        (case.root / "out" / name).symlink_to(victim / "precious")
    run = case.dyad("build", f"--backend={case.backend}", "-o", "out", ".")
    case.must(run.code == 0, f"dyad build: {run.stdout}{run.stderr}")
    untouched("links in place of images")
    case.run_unit_tests("cache", "FailureTest.LinksPlanted*:StoreTest.Link*:DamageTest.WhatIsNoFile*")


@row(64, "a plugin from a relative or world-writable place is refused", ("any",))
def strange_plugins(case: Case) -> None:
    for name in ("plugin_relative_path", "plugin_world_writable", "plugin_not_a_plugin", "plugin_other_abi",
                 "plugin_refuses_host"):
        case.run_script(name)
    case.run_unit_tests("run", "*Plugin*")

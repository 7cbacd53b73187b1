"""Rows 37 to 45, 60: entries that are damaged, cannot be written, vanish, or lie; and two dyads in one tree."""

import ctypes
import os
import re
import shutil
import signal
import struct
import subprocess
from pathlib import Path

from case import NOBODY, SMALL, Case, Run, Skipped, row

ALL_CALLS = ",open,create,read,write,stat,rename,mkdir,unlink,chmod,utime,lock,close,"
WRITING_CALLS = ",create,write,rename,mkdir,unlink,chmod,utime,close,"  # those that can find a disk full or read-only
ERRNOS = {"ENOSPC": (28, WRITING_CALLS), "EIO": (5, ALL_CALLS), "EROFS": (30, WRITING_CALLS)}
# What a store needs: if one of these fails, something is not stored.
NEEDED_CALLS = {"create", "write", "rename", "chmod", "close"}


def prepare(case: Case) -> Run:
    """The small workspace, built from an empty cache, with the result that every later run must have."""
    case.write_all(SMALL)
    expected = case.test()
    case.must_pass(expected, "first run", "value 1", "data first")
    return expected


def restore(case: Case, snapshot: Path) -> None:
    case.wipe()
    shutil.copytree(snapshot, case.cache)


# 37


def flipped(bytes_: bytes, bit: int) -> bytes:
    changed = bytearray(bytes_)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def damages(case: Case, bytes_: bytes) -> list[tuple[str, bytes]]:
    size = len(bytes_)
    forms = [("empty", b""), ("cut in half", bytes_[: size // 2]), ("one byte short", bytes_[:-1]),
             ("one byte long", bytes_ + b"\0"), ("zeroed", bytes(size)), ("twice", bytes_ * 2),
             ("zeroed from the middle", bytes_[: size // 2] + bytes(size - size // 2))]
    if not case.full:
        forms = case.random.sample(forms, 2)
        bits = case.random.sample(range(size * 8), 2)
    else:
        bits = range(size * 8) if size <= 160 else sorted(case.random.sample(range(size * 8), 200))
    return [*forms, *((f"bit {bit} flipped", flipped(bytes_, bit)) for bit in bits)]


@row(37, "an entry is cut, emptied, zeroed, too long, or has a bit flipped", in_turns=True)
def damaged_entries(case: Case) -> None:
    expected = prepare(case)
    snapshot = case.folder / "snapshot"
    shutil.copytree(case.cache, snapshot)
    for entry in case.entries():
        name = entry.relative_to(case.cache)
        sound = (snapshot / name).read_bytes()
        for form, bytes_ in damages(case, sound):
            if bytes_ == sound:
                continue
            restore(case, snapshot)
            overwrite(entry, bytes_)
            case.inject()
            what = f"{name} {form}"
            run = case.test()
            case.must_say(run, expected, what)
            found = run.counted("cache damaged")
            if found == 1 and case.random.random() < 0.9:
                continue
            # What the run did not need is found by a check, which says so and removes it.
            check = case.dyad("cache", "verify")
            named = f"damaged: {name.relative_to(name.parts[0])}" in check.stdout
            if case.must(found == 1 and check.code == 0 or found == 0 and check.code == 5 and named,
                         f"{what}: {found} damaged in the run, then: {check.stdout}{check.stderr}") and found == 0:
                case.must(not entry.exists(), f"{what}: not removed")


@row(37, "the memo of files is cut, emptied, zeroed or has a bit flipped", ("any",))
def damaged_memo(case: Case) -> None:
    case.write_all(SMALL)
    case.test()
    memos = [memo for memo in case.cache.glob("v*/memo/*/*") if memo.stat().st_size > 0]
    snapshot = case.folder / "snapshot"
    shutil.copytree(case.cache, snapshot)
    case.write("a.h", SMALL["a.h"].replace("1", "2"))
    expected = None
    for memo, (form, bytes_) in [(memo, one) for memo in memos for one in damages(case, memo.read_bytes())]:
        restore(case, snapshot)
        overwrite(memo, bytes_)
        case.inject()
        run = case.test()
        expected = expected or run
        case.must_pass(run, f"memo {form}", "value 2")
        case.must_say(run, expected, f"memo {form}")


def overwrite(place: Path, bytes_: bytes) -> None:
    mode = place.stat().st_mode
    place.chmod(0o600)
    place.write_bytes(bytes_)
    place.chmod(mode & 0o7777)


# 38, 39


def calls_of_a_run(case: Case, which: str = ALL_CALLS) -> list[str]:
    """The calls that a run from an empty cache makes about the cache, in order."""
    log = case.folder / "calls"
    case.wipe()
    log.unlink(missing_ok=True)
    run = case.test(**case.with_shim(ROOT=case.cache, CALLS=which, LOG=log))
    case.must_pass(run, "run that is watched", "value 1")
    return log.read_text().splitlines()


def chosen(case: Case, calls: list[str], count: int) -> list[int]:
    """Numbers of calls: all, or a sample, in which the one that makes a program executable always is."""
    numbers = range(1, len(calls) + 1)
    if case.full:
        return list(numbers)
    rare = {number for number in numbers if calls[number - 1].startswith("chmod v2/output/")}
    return sorted(rare | set(case.random.sample(numbers, count)))


@row(38, "dyad is killed before and after every call about the cache", in_turns=True)
def killed_at_every_call(case: Case) -> None:
    expected = prepare(case)
    calls = calls_of_a_run(case)
    case.must(len(calls) > 100, f"only {len(calls)} calls: too few to be all")
    for number in chosen(case, calls, 12):
        for how in ("kill", "kill-after"):
            case.wipe()
            killed = case.test(**case.with_shim(ROOT=case.cache, AT=number, DO=how))
            what = f"{how} {number} of {len(calls)}, {calls[number - 1]}"
            # A call or two more or less from run to run, as threads have it: the last may not come.
            if killed.code != -signal.SIGKILL:
                case.must(number > len(calls) * 0.9 and killed.code == 0, f"{what}: ended with {killed.code}")
                continue
            case.inject()
            case.verify_cache(what)
            for _ in range(2):
                case.must_say(case.test(), expected, f"run after {what}")
    case.must(not case.leftovers() or all(name.startswith("dyad-") for name in case.leftovers()), "strange leftovers")


@row(39, "ENOSPC, EIO, EROFS at every call about the cache, once and from then on", in_turns=True)
def refused_at_every_call(case: Case) -> None:
    expected = prepare(case)
    log = case.folder / "calls"
    for name, (errno, which) in ERRNOS.items():
        calls = calls_of_a_run(case, which)
        for scope in ("one", "all"):
            for number in chosen(case, calls, 5):
                case.wipe()
                log.unlink(missing_ok=True)
                run = case.test(**case.with_shim(ROOT=case.cache, CALLS=which, AT=number, DO=errno, ON=scope, LOG=log))
                failed = [line[1:] for line in log.read_text().splitlines() if line.startswith("!")] if log.exists() else []
                if not failed:
                    continue
                case.inject()
                what = f"{name} at {scope} from {number} of {len(calls)}, {calls[number - 1]}"
                case.must_say(run, expected, what)
                # One warning if anything was not stored; a look that failed may cost nothing but time.
                needed = any(line.split(" ")[0] in NEEDED_CALLS and "/temporary/" in line for line in failed)
                count = len(run.warnings)
                case.must(count == 1 if needed else count <= 1, f"{what}: {count} warnings:\n{run.stderr}")
                case.verify_cache(what)
                case.must_say(case.test(), expected, f"run after {what}")


@row(39, "a disk that is full, and one that is read-only", in_turns=True)
def full_and_read_only_disk(case: Case) -> None:
    case.skip_unless_root("mount a small file system")
    expected = prepare(case)
    case.wipe()
    case.cache.mkdir()
    with mounted(case, "tmpfs", "size=500m,mode=0700"):  # too small for a seed, which the smaller ones get none of either
        case.must_say(case.test(), expected, "a disk with room")
        pages = sum((entry.stat().st_size + 4095) // 4096 for entry in case.entries())
    # It takes pages of 4 KiB; the last disk is full when nearly everything is on it.
    for part in (0.1, 0.2, 0.4, 0.6, 0.8, 0.9) if case.full else (0.1, 0.4, 0.9):
        size = f"{int(pages * part) * 4}k"
        with mounted(case, "tmpfs", f"size={size},mode=0700"):
            for _ in range(2):
                run = case.test()
                case.inject()
                case.must_say(run, expected, f"a disk of {size}")
                case.must(len(run.warnings) == 1 and "No space left" in run.warnings[0], f"a disk of {size}: {run.stderr}")
            case.verify_cache(f"a disk of {size}")
    with mounted(case, "tmpfs", "size=4m,mode=0700"):
        case.must_say(case.test(), expected, "a disk with room")
        remount(case, "ro")
        run = case.test()
        case.inject()
        case.must(run.cached == 1 and not run.warnings, f"what a read-only disk has is not used: {run.stdout}{run.stderr}")
        case.write("a.h", SMALL["a.h"].replace("1", "2"))
        run = case.test()
        case.inject()
        case.must_pass(run, "a read-only disk", "value 2")
        case.must(len(run.warnings) == 1 and "Read-only file system" in run.warnings[0], f"a read-only disk: {run.stderr}")
        case.verify_cache("a read-only disk")
    case.write("a.h", SMALL["a.h"])
    with mounted(case, "tmpfs", "size=4m,mode=0700,ro"):
        run = case.test()
        case.inject()
        case.must_say(run, expected, "an empty read-only disk")
        case.must(len(run.warnings) == 1 and "Read-only file system" in run.warnings[0], f"an empty one: {run.stderr}")


@row(39, "a cache directory without permission to write", in_turns=True)
def directory_without_permission(case: Case) -> None:
    case.skip_unless_root("become a user without rights")
    if not all(place.stat().st_mode & 0o001 for place in case.dyad_program.parents):
        raise Skipped(f"a user without rights cannot reach {case.dyad_program}")
    for place in (case.root, case.temporary, case.folder):
        os.chown(place, NOBODY, NOBODY)
    case.write_all(SMALL)
    expected = case.test(user=NOBODY)
    case.must_pass(expected, "as nobody", "value 1")
    for directory, _, _ in os.walk(case.cache):
        os.chmod(directory, 0o500)
    run = case.test(user=NOBODY)
    case.inject()
    case.must(run.cached == 1 and not run.warnings, f"what it has is not used: {run.stdout}{run.stderr}")
    case.write("a.h", SMALL["a.h"].replace("1", "2"))
    run = case.test(user=NOBODY)
    case.inject()
    case.must_pass(run, "a cache that cannot be written", "value 2")
    case.must(len(run.warnings) == 1 and "Permission denied" in run.warnings[0], f"warnings: {run.stderr}")


class mounted:
    """A file system over the cache directory, or another place, for a while."""

    def __init__(self, case: Case, kind: str, options: str, place: Path | None = None):
        self.case, self.kind, self.options, self.place = case, kind, options, place or case.cache

    def __enter__(self):
        done = subprocess.run(["mount", "-t", self.kind, "-o", self.options, self.kind, self.place], capture_output=True,
                              text=True)
        if done.returncode != 0:
                raise Skipped(f"cannot mount: {done.stderr.strip()}")
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.place], check=True)


def remount(case: Case, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", case.cache], check=True)


# 40, 60


@row("40", "two dyads store the same keys at once in one tree (60)")
def two_at_once(case: Case) -> None:
    case.write_all(SMALL | {f"p/{name}": text for name, text in SMALL.items()})
    expected = case.test()
    names = {str(entry.relative_to(case.cache)) for entry in case.entries()}
    for number in range(20 if case.full else 10):
        case.wipe()
        processes = [case.start("test", "-v", "--debug=stats", "./...") for _ in range(2)]
        case.inject()
        for run in [case.end(process) for process in processes]:
            case.must_say(run, expected, f"round {number}")
            case.must(not run.warnings, f"round {number}: {run.stderr}")
        now = {str(entry.relative_to(case.cache)) for entry in case.entries()}
        case.must(now == names, f"round {number}: {len(now)} entries, not {len(names)}: {sorted(now ^ names)}")
        case.must(not list(case.cache.glob("v*/temporary/*")), f"round {number}: temporary files are left")
    case.verify_cache("at the end")


# 41


@row(41, "the cache is trimmed and its files vanish while dyads run", in_turns=True)
def trimmed_while_running(case: Case) -> None:
    expected = prepare(case)
    trims = removed = 0
    for number in range(30 if case.full else 8):
        process = case.start("test", "-v", "--debug=stats", "./...")
        while process.poll() is None:
            trim = case.dyad("cache", "trim", DYAD_CACHE_SIZE="1", DYAD_CACHE_AGE="0")
            case.must(trim.code == 0, f"trim: {trim.stdout}{trim.stderr}")
            trims += 1
            removed += "removed 0 files" not in trim.stdout and "nothing removed" not in trim.stdout
            if number % 2:  # by force, as somebody's cron job might
                for entry in case.random.sample(entries := case.entries(), min(2, len(entries))):
                    if entry.parent.parent.name == "action":
                        entry.unlink(missing_ok=True)
        run = case.end(process)
        case.inject()
        case.must_say(run, expected, f"round {number}")
        case.verify_cache(f"round {number}")
    case.note(f"{trims} trims")
    case.dyad("cache", "trim", DYAD_CACHE_SIZE="1")
    case.must(not case.entries(), "a trim to nothing leaves something when nobody runs")
    case.must_say(case.test(), expected, "after the trim")


@row(41, "a reader during a trim", ("any",))
def reader_during_a_trim(case: Case) -> None:
    case.run_unit_tests("cache", "UpkeepTest.ReaderDuringATrim*:UpkeepTest.TrimLeaves*:StoreTest.OpeningWaits*")


# 42

YEAR_S = 365 * 24 * 3600


@row(42, "the clock jumps; entries are from the future", ("any",))
def clock_jumps(case: Case) -> None:
    expected = prepare(case)
    case.dyad("cache", "trim")
    names = case.entries()
    for offset in (YEAR_S, 10 * YEAR_S, -YEAR_S, -10 * YEAR_S, 40 * YEAR_S, 0):
        case.inject()
        run = case.test(**case.with_shim(CLOCK=offset))
        what = f"the clock is {offset / YEAR_S:+.0f} years off"
        case.must_say(run, expected, what)
        trim = case.dyad("cache", "trim", **case.with_shim(CLOCK=offset))
        case.must(trim.code == 0 and set(names) <= set(case.entries()), f"{what}: entries were evicted: {trim.stdout}")
    future = 4_000_000_000
    for entry in case.entries():
        os.utime(entry, (future, future))
    case.inject(len(names))
    trim = case.dyad("cache", "trim")
    case.must(set(names) <= set(case.entries()), f"marks of the future: entries were evicted: {trim.stdout}")
    case.must(max(entry.stat().st_mtime for entry in case.entries()) < future, "marks of the future stay")
    case.must_say(case.test(), expected, "after marks of the future")
    case.run_unit_tests("cache", "VictimsTest.*Jump*:VictimsTest.*Future*:UpkeepTest.*Future*:UpkeepTest.Jump*")


@row(42, "sources are from the future", in_turns=True)
def sources_from_the_future(case: Case) -> None:
    prepare(case)
    for path in ("a.h", "a.c", "data.txt", "a_test.c"):
        os.utime(case.root / path, (4_000_000_000, 4_000_000_000))
    run = case.test()
    case.must_pass(run, "sources of the future", "value 1", "data first")
    for value in "23":
        case.write("a.h", SMALL["a.h"].replace("1", value))
        os.utime(case.root / "a.h", (4_000_000_000, 4_000_000_000))
        case.must_rebuild(f"a header of the future, {value}", f"value {value}")


# 44


@row(44, "entries of another version of the format", ("any",))
def other_version(case: Case) -> None:
    expected = prepare(case)
    # In a folder of their own: not looked at, not touched.
    for version in ("v1", "v3", "v99"):
        shutil.copytree(case.cache / "v2", case.cache / version)
    foreign = {path: path.read_bytes() for version in ("v1", "v3", "v99")
               for path in (case.cache / version).rglob("*") if path.is_file()}
    shutil.rmtree(case.cache / "v2")
    run = case.test()
    case.inject(3)
    case.must_say(run, expected, "beside other versions")
    case.must(run.cached == 0, "taken from another version")
    case.must(all(path.read_bytes() == bytes_ for path, bytes_ in foreign.items()), "another version's files changed")
    # In this version's folder: the number in the header.
    for entry in list((case.cache / "v2/action").glob("*/*")):
        bytes_ = entry.read_bytes()
        overwrite(entry, bytes_[:4] + struct.pack("<H", 3) + bytes_[6:])
        case.inject()
    case.must_say(case.test(), expected, "all entries are of another version")
    check = case.dyad("cache", "verify")
    case.must(check.code == 0 or "of another version" in check.stdout, f"cache verify: {check.stdout}")
    case.verify_cache("after the check")
    case.run_unit_tests("cache", "DamageTest.EntryOfAnotherVersion*:StoreTest.OtherVersions*:UpkeepTest.TrimRemovesOld*")


# 45


class Actions:
    """Reads and writes files of actions (cache/action_file.hpp), with right checks."""

    HEADER = struct.Struct("<4sHH16s16sQ16s")

    def __init__(self, case: Case):
        self.case, self.library = case, ctypes.CDLL(str(case.shim))

    def digest(self, bytes_: bytes) -> bytes:
        to = ctypes.create_string_buffer(16)
        self.library.fault_digest(bytes_, ctypes.c_size_t(len(bytes_)), to)
        return to.raw

    def contents(self) -> dict[Path, bytes]:
        """The outputs that lie with their actions."""
        found = {}
        for entry in self.case.entries():
            if entry.parent.parent.name == "action" and self.HEADER.unpack_from(bytes_ := entry.read_bytes())[2] == 1:
                found[entry] = bytes_[self.HEADER.size :]
        return found

    def plant(self, entry: Path, content: bytes) -> None:
        head = struct.pack("<4sHH16s16sQ", b"dyad", 2, 1, bytes.fromhex(entry.name), self.digest(content), len(content))
        overwrite(entry, head + self.digest(head) + content)


def raw(hex_: bytes) -> bytes:
    """A digest as host/inputs/byte_stream.hpp writes it."""
    bytes_ = bytes.fromhex(hex_.decode())
    return bytes_[:8][::-1] + bytes_[8:][::-1]


@row(45, "an entry is sound but wrong: --cache=verify names the action", in_turns=True)
def wrong_but_sound(case: Case) -> None:
    expected = prepare(case)
    run = case.test("--cache=verify")
    case.must_say(run, expected, "verify of a sound cache")
    case.must(run.counted("compile run") == 2 and run.counted("link run") == 1, f"verify did not redo it: {run.stderr}")
    actions = Actions(case)
    own = actions.contents()
    # The outcomes of another state of the same workspace: what will be planted.
    case.write("a.c", SMALL["a.c"].replace("VALUE;", "VALUE + 6;"))
    case.must_pass(case.test(), "the other state", "value 7")
    others = {entry: content for entry, content in actions.contents().items() if entry not in own}
    case.write("a.c", SMALL["a.c"])
    snapshot = case.folder / "snapshot"
    shutil.copytree(case.cache, snapshot)

    images = [content for content in own.values() if re.fullmatch(rb"[0-9a-f]{32}", content)]
    other_images = [content for content in others.values() if re.fullmatch(rb"[0-9a-f]{32}", content)]
    objects = [found for content in own.values() for found in re.findall(rb"\x66object.{1,2}([0-9a-f]{32})", content, re.S)]
    other_objects = [found for content in others.values()
                     for found in re.findall(rb"\x66object.{1,2}([0-9a-f]{32})", content, re.S)]
    if not case.must(len(images) == len(other_images) == len(other_objects) == 1 and len(objects) == 2,
                     f"cannot tell the entries apart: {images} {other_images} {objects} {other_objects}"):
        return
    replacements = [("compilation", old, other_objects[0]) for old in objects]
    replacements += [("link", images[0], other_images[0]), ("package", raw(images[0]), raw(other_images[0])),
                     ("compilation", b"TestValue", b"TestOther"), ("result", b"TestValue", b"TestOther"),
                     ("result", b"value 1", b"value 7")]
    for named, old, new in replacements:
        is_object = {entry: b"\x66object" in content for entry, content in own.items()}
        places = [entry for entry, content in own.items()
                  if old in content and (content == old) == (named == "link") and is_object[entry] == (named == "compilation")]
        case.must(bool(places), f"nothing holds the {named}'s {old!r}")
        for entry in places:
            restore(case, snapshot)
            actions.plant(entry, own[entry].replace(old, new))
            case.inject()
            what = f"planted {named} in {entry.name}, {old!r}"
            case.verify_cache(what)
            run = case.test("--cache=verify")
            case.must(run.code == 5 and f"the cache is wrong: {named} " in run.stderr,
                      f"{what}: exit code {run.code}: {run.stdout}{run.stderr}")
            # What was redone replaces what was planted.
            case.must_say(case.test(), expected, f"after {what}")
    restore(case, snapshot)
    case.must_say(case.test("--cache=verify"), expected, "verify at the end")

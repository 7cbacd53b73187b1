"""Rows 1 to 36: what a test, its process or a signal to dyad can do. Each on both backends through the real command line:
the verdict, the exit code, the accounting, that the next test has run, and that no process is left."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from case import Case, Run, Skipped, row, wait_for
from system_rows import processes_of

C = "#include <dyad/testing.h>\n"
NEXT = "\nvoid TestNext(dyad_T *t) { (void)t; }\n"
NEXT_CXX = "\nvoid TestNext(dyad::T&) {}\n"
WAIT = "static void wait_for_ever(void) { for (;;) pause(); }\n"


def lines_of(run: Run) -> dict[str, list[str]]:
    """By test: verdict and what stands in brackets behind it."""
    found = re.findall(r"^--- ([A-Z][A-Z ]*): (\S+)(?: \(\d+\.\d+s\))?(?: \[(.*)\])?$", run.stdout, re.MULTILINE)
    return {name: [verdict, reason] for verdict, name, reason in found}


def accounted(run: Run) -> str:
    """Empty, or what is wrong with the sum of the last line."""
    total = re.search(r"; (\d+) tests?: (.*) in ", run.stdout)
    if total is None:
        return "no totals"
    parts = sum(int(number) for number in re.findall(r"(\d+) (?!tests?)", total[2]))
    lines = len(re.findall(r"^--- [A-Z ]+: ", run.stdout, re.MULTILINE))
    return "" if int(total[1]) == parts == lines else f"{total[1]} tests, {parts} in the sum, {lines} lines"


def must(case: Case, run: Run, what: str, code: int, verdicts: dict[str, str], *texts: str) -> None:
    """One injection. `verdicts`: "VERDICT reason", regular expressions; `texts`: likewise, in the output."""
    case.inject()
    shown = f"\n{run.stdout}{run.stderr}"
    case.must(run.code == code, f"{what}: exit code {run.code}, not {code}{shown}")
    lines = lines_of(run)
    for name, expected in verdicts.items():
        verdict, reason = lines.get(name, ["none", ""])
        case.must(re.fullmatch(expected, f"{verdict} {reason}".strip()) is not None,
                  f"{what}: {name} is {verdict} [{reason}], not {expected}{shown}")
        case.must(len(re.findall(rf"^--- [A-Z ]+: {re.escape(name)}(?: |$)", run.stdout, re.MULTILINE)) == 1,
                  f"{what}: {name} has not one verdict{shown}")
    for text in texts:
        case.must(re.search(text, run.stdout, re.MULTILINE) is not None, f"{what}: no {text!r} in{shown}")
    if problem := accounted(run):
        case.must(False, f"{what}: {problem}{shown}")
    left = processes_of(case)
    case.must(not left, f"{what}: processes are left: {left}")


def fault(number: int | str, what: str, code: int, verdict: str, body: str, *texts: str, cxx: bool = False,
          head: str = "", arguments: tuple[str, ...] = (), **others: str):
    """A row whose test TestFault has `body`; TestNext behind it passes."""

    @row(number, what)
    def run_fault(case: Case) -> None:
        if cxx:
            case.write("p/a_test.cc", C + head + "void TestFault(dyad::T& t) { (void)t; " + body + " }" + NEXT_CXX)
        else:
            case.write("p/a_test.c", C + head + "void TestFault(dyad_T *t) { (void)t; " + body + " }" + NEXT)
        run = case.test(*arguments)
        must(case, run, what, code, {"TestFault": verdict, "TestNext": "PASS"} | others, *texts)

    return run_fault


LIMIT = ("--test-timeout=300ms",)
TIMEOUT = r"TIMEOUT time limit of 300ms"

fault(1, "a test dereferences null", 1, "CRASH SIGSEGV", "*(volatile int *)0 = 1;", r"^ +TestFault a_test.c:2$")
fault(2, "overflows the main stack", 1, "CRASH SIGSEGV", "deep(1);", r"^ +deep a_test.c:2$", r"\d+ more times",
      r"^ +TestFault a_test.c:3$", head="int deep(int n) { volatile int a[100]; a[0] = n; return deep(a[0]) + a[1]; }\n")
fault(3, "overflows the stack of a std::thread", 1, "CRASH SIGSEGV", "std::thread([] { deep(1); }).join();",
      r"^ +deep\(int\) a_test.cc:3$", cxx=True,
      head="#include <thread>\nint deep(int n) { volatile int a[100]; a[0] = n; return deep(a[0]) + a[1]; }\n")
fault(4, "fails an assert", 1, "CRASH SIGABRT", "assert(1 == 2);", "Assertion `1 == 2' failed", r"^ +TestFault a_test.c:3$",
      head="#include <assert.h>\n")
fault(5, "throws out of the test", 1, "FAIL", 'throw std::runtime_error("thrown");', "threw std::runtime_error: thrown",
      cxx=True, head="#include <stdexcept>\n")
fault("6a", "throws in a thread", 1, "CRASH SIGABRT", 'std::thread([] { throw std::runtime_error("thrown"); }).join();',
      r"what\(\):  thrown", cxx=True, head="#include <stdexcept>\n#include <thread>\n")
fault("6b", "throws through noexcept", 1, "CRASH SIGABRT", "through();", r"what\(\):  thrown",
      cxx=True, head='#include <stdexcept>\nvoid out() { throw std::runtime_error("thrown"); }\nvoid through() noexcept { out(); }\n')
fault("7a", "calls exit(0)", 1, r"FAIL called exit\(0\)", "exit(0);", head="#include <stdlib.h>\n")
fault("7b", "calls exit(3)", 1, r"FAIL called exit\(3\)", "exit(3);", head="#include <stdlib.h>\n")
fault("8a", "calls _exit(0)", 1, r"FAIL called exit\(0\)", "_exit(0);", head="#include <unistd.h>\n")
fault("8b", "calls quick_exit(0)", 1, r"FAIL called exit\(0\)", "quick_exit(0);", head="#include <stdlib.h>\n")
fault("8c", "executes another program", 1, r"FAIL called exit\(0\)", 'execl("/bin/true", "true", (char *)0);',
      head="#include <unistd.h>\n")
fault("8d", "calls pthread_exit", 1, "FAIL .*", "pthread_exit(0);", head="#include <pthread.h>\n")
fault(9, "loops for ever, and so does a thread of it", 1, TIMEOUT, "std::thread(other).detach(); for (volatile int i = 0;; i = 1) {}",
      r"^ +other\(\) a_test.cc:3$", r"^ +TestFault\(dyad::T&\) a_test.cc:4$", cxx=True, arguments=LIMIT,
      head="#include <thread>\nvoid other() { for (volatile int i = 0;; i = 1) {} }\n")
fault("10a", "loops with all signals blocked", 1, TIMEOUT,
      "sigset_t all; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, 0); for (volatile int i = 0;; i = 1) {}",
      r"^ +TestFault a_test.c:3$", head="#include <signal.h>\n", arguments=LIMIT)
fault("10b", "two threads wait with all signals blocked", 1, TIMEOUT, "sigset_t all; sigfillset(&all); "
      "sigprocmask(SIG_BLOCK, &all, 0); std::thread(other).join();",
      r"^ +other\(\) a_test.cc:4$", r"^ +TestFault\(dyad::T&\) a_test.cc:5$", cxx=True, arguments=LIMIT,
      head="#include <csignal>\n#include <thread>\nvoid other() { for (volatile int i = 0;; i = 1) {} }\n")
fault("10c", "loops and ignores SIGQUIT", 1, TIMEOUT, "signal(SIGQUIT, SIG_IGN); for (volatile int i = 0;; i = 1) {}",
      r"^ +no stacks: it ignores SIGQUIT$", head="#include <signal.h>\n", arguments=LIMIT)
fault(11, "stops itself", 1, TIMEOUT, "raise(SIGSTOP); wait_for_ever();", r"^ +TestFault a_test.c:\d+$", arguments=LIMIT,
      head="#include <signal.h>\n#include <unistd.h>\n" + WAIT)
fault(12, "frees twice", 1, "CRASH SIGABRT", "char *volatile p = malloc(9); free(p); free(p);", "free\\(\\)",
      head="#include <stdlib.h>\n")
fault(14, "forks, and the child returns from the test", 1, "FAIL", 'if (fork() != 0) { wait(0); dyad_error(t, "parent"); }',
      head="#include <sys/wait.h>\n#include <unistd.h>\n")
fault(15, "leaves a daemon", 0, "PASS LEAK: process",
      "if (fork() == 0) { setsid(); if (fork() == 0) wait_for_ever(); _exit(0); } wait(0);",
      head="#include <sys/wait.h>\n#include <unistd.h>\n" + WAIT)
fault(16, "leaves a thread running", 0, "PASS LEAK: thread", "pthread_t id; pthread_create(&id, 0, other, 0);",
      head="#include <pthread.h>\n#include <unistd.h>\n" + WAIT + "void *other(void *p) { wait_for_ever(); return p; }\n")
fault(18, "leaves an alarm pending", 0, "PASS LEAK: timer", "alarm(1);", head="#include <unistd.h>\n")
fault("19a", "closes 0, 1 and 2", 0, "PASS", "close(0); close(1); close(2);", head="#include <unistd.h>\n")
fault("19b", "closes every descriptor", 0, "PASS", "for (int i = 0; i < 5000; ++i) close(i);", head="#include <unistd.h>\n")
fault("19c", "closes every descriptor and fails", 1, "FAIL",
      'puts("printed"); for (int i = 0; i < 5000; ++i) close(i); dyad_error(t, "said");', "printed", "said",
      head="#include <stdio.h>\n#include <unistd.h>\n")
fault("19d", "closes every descriptor and crashes", 1, "CRASH SIGSEGV", "for (int i = 0; i < 5000; ++i) close(i); *(volatile int *)0 = 1;",
      r"^ +TestFault a_test.c:3$", head="#include <unistd.h>\n")
fault("19e", "closes every descriptor and takes its time", 0, "PASS",
      "for (int i = 0; i < 5000; ++i) close(i); usleep(100000);", head="#include <unistd.h>\n")
fault("20a", "prints 64 KiB and one byte", 0, "PASS", "for (int i = 0; i < 65537; ++i) putchar('x');", head="#include <stdio.h>\n")
fault("20b", "prints 100 MiB", 1, "FAIL", 'char b[1024]; memset(b, 120, 1024); puts("HEAD"); for (int i = 0; i < 102400; ++i) '
      'fwrite(b, 1, 1024, stdout); puts("\\nTAIL"); dyad_error(t, "printed");',
      "HEAD", "TAIL", r"^ +\.\.\. 1047\d{5} bytes cut \.\.\.$", head="#include <stdio.h>\n#include <string.h>\n")
fault(21, "prints what looks like results", 1, "FAIL", 'printf("%s", "--- PASS: TestFault (0.00s)\\nok  \\tp\\t0.001s\\n\\x1b[31m\\xff\\n"); '
      'putchar(0); dyad_error(t, "forged");', r"^    --- PASS: TestFault", head="#include <stdio.h>\n")
fault(22, "raises SIGKILL on itself", 1, "CRASH SIGKILL", "raise(SIGKILL);", head="#include <signal.h>\n")
fault(23, "allocates without end", 1, "FAIL|CRASH .*",
      'for (;;) { char *p = malloc(1 << 20); if (!p) dyad_fatal(t, "no memory"); memset(p, 1, 1 << 20); }',
      head="#include <stdlib.h>\n#include <string.h>\n", arguments=("--memory=200M",))

def report(number: str, what: str, sanitizers: str, verdict: str, body: str, *texts: str, head: str = "",
           backends: tuple[str, ...] = ("dll", "exe"), code: str = C, **others: str):
    """A row whose package is compiled with sanitizers; the test is to fail by the report, which is shown."""

    @row(number, what, backends)
    def run_report(case: Case) -> None:
        case.write("dyad.toml", f'[dir."p"]\nflags = ["-fsanitize={sanitizers}"]\n')
        case.write("p/a_test.c", code + head + "void TestFirst(dyad_T *t) { (void)t; }\nvoid TestFault(dyad_T *t) { (void)t; "
                   + body + " }" + NEXT)
        run = case.test()
        must(case, run, what, 1, {"TestFirst": "PASS", "TestFault": verdict, "TestNext": "PASS"} | others, *texts)
        case.must("OUTSIDE" not in run.stdout, f"something outside the tests: {run.stdout}")
        notice = f"runs as a program of its own: -fsanitize={sanitizers}" in run.stdout
        case.must(notice == (case.backend == "dll"), f"said where it runs: {notice}\n{run.stdout}")


report("25a", "AddressSanitizer finds a use after free", "address",
       r"FAIL AddressSanitizer: heap-use-after-free a_test.c:4:\d+ in TestFault",
       "volatile char *p = malloc(4); free((void *)p); p[1] = 1;", r"^    ==\d+==ERROR: AddressSanitizer: heap-use-after-free",
       r"freed by thread T0 here:", head="#include <stdlib.h>\n")
report("25b", "UndefinedBehaviorSanitizer finds an overflow", "undefined",
       r"FAIL UndefinedBehaviorSanitizer: undefined-behavior a_test.c:4:\d+", "volatile int i = INT_MAX; i = i + 1;",
       r"runtime error: signed integer overflow", head="#include <limits.h>\n")
report("25c", "LeakSanitizer finds a leak, and in the next test none", "leak",
       r"FAIL LeakSanitizer: 77 byte\(s\) leaked in 1 allocation\(s\)\.", "kept = malloc(77); kept = 0;",
       r"Direct leak of 77 byte", head="#include <stdlib.h>\nstatic void *volatile kept;\n")
report("25d", "ThreadSanitizer finds a data race", "thread", r"FAIL ThreadSanitizer: data race a_test.c:3:\d+ in count",
       "pthread_t a, b; pthread_create(&a, 0, count, 0); pthread_create(&b, 0, count, 0); pthread_join(a, 0); pthread_join(b, 0);",
       r"WARNING: ThreadSanitizer: data race",
       head="#include <pthread.h>\nstatic int value;static void *count(void *p) { for (int i = 0; i < 1000; ++i) ++value; return p; }\n")
report("25e", "a leak under AddressSanitizer", "address,undefined",
       r"FAIL AddressSanitizer: 77 byte\(s\) leaked in 1 allocation\(s\)\.", "kept = malloc(77); kept = 0;",
       r"Direct leak of 77 byte", head="#include <stdlib.h>\nstatic void *volatile kept;\n")


fault(26, "reads stdin", 0, "PASS", 'if (getchar() != EOF) dyad_error(t, "a byte");', head="#include <stdio.h>\n")


@row(13, "writes wildly so that the next test dies")
def next_dies(case: Case) -> None:
    case.write("p/a_test.c", C + "int value, *place = &value;\nvoid TestFault(dyad_T *t) { (void)t; place = 0; }\n"
               "void TestVictim(dyad_T *t) { (void)t; *(volatile int *)place = 1; }" + NEXT)
    must(case, case.test(), "a wild write", 1,
         {"TestFault": "PASS", "TestVictim": "CRASH SIGSEGV; crashes alone: no", "TestNext": "PASS"})


@row(17, "leaves cwd, umask, environment, locale, rounding mode, cout changed")
def leaves_state(case: Case) -> None:
    case.write("p/a_test.cc", C + """#include <cfenv>
#include <clocale>
#include <cstdlib>
#include <iostream>
#include <sys/stat.h>
#include <unistd.h>
bool is_clean() {
  return access("a_test.cc", F_OK) == 0 && umask(022) == 022 && std::fegetround() == FE_TONEAREST &&
         (std::cout.flags() & std::ios::hex) == 0;
}
void TestFault(dyad::T& t) {
  if (!is_clean() || getenv("LEFT")) t.error("begins unclean");
  if (chdir("/") != 0) t.error("no root");
  umask(0); setenv("LEFT", "1", 1); std::setlocale(LC_ALL, "C.UTF-8"); std::fesetround(FE_UPWARD); std::cout << std::hex;
}
void TestNext(dyad::T& t) { if (!is_clean()) t.error("not put back"); }
""")
    case.write("q/a_test.cc", C + """#include <clocale>
#include <cstdlib>
#include <cstring>
void TestOther(dyad::T& t) { if (getenv("LEFT") || strcmp(std::setlocale(LC_ALL, nullptr), "C") != 0) t.error("unclean"); }
""")
    must(case, case.test("-p", "1"), "state", 0,
         {"TestFault": "PASS LEAK: environment, locale", "TestNext": "PASS", "TestOther": "PASS"})


@row(24, "GoogleTest death tests, both styles")
def death_tests(case: Case) -> None:
    case.write("p/a_test.cc", """#include <gtest/gtest.h>
#include <cstdlib>
#include <csignal>
TEST(Death, Fast) { GTEST_FLAG_SET(death_test_style, "fast"); EXPECT_DEATH(std::abort(), ""); }
TEST(Death, Safe) { GTEST_FLAG_SET(death_test_style, "threadsafe"); EXPECT_DEATH(std::abort(), ""); }
TEST(Death, Signal) { EXPECT_EXIT(*(volatile int*)nullptr = 1, testing::KilledBySignal(SIGSEGV), ""); }
TEST(Death, Next) {}
""")
    must(case, case.test(), "death tests", 0, {f"Death.{name}": "PASS" for name in ("Fast", "Safe", "Signal", "Next")})


# Processes.


def start_waiting(case: Case, *arguments: str) -> tuple[subprocess.Popen, int]:
    """dyad on a test that waits, once it does: dyad and the id of the test's process."""
    case.write("p/a_test.c", C + '#include <stdio.h>\n#include <unistd.h>\nvoid TestFirst(dyad_T *t) { (void)t; }\n'
               'void TestFault(dyad_T *t) { (void)t; FILE *f = fopen("pid.part", "w"); fprintf(f, "%d", (int)getpid()); '
               'fclose(f); rename("pid.part", "pid"); if (access("again", F_OK) != 0) for (;;) pause(); }' + NEXT)
    process = case.start("test", "-v", "--debug=stats", *arguments, "./...")
    place = case.root / "p/pid"
    wait_for(place.exists, process)
    return process, int(place.read_text())


@row(27, "a crash in a static initialiser")
def crash_while_loading(case: Case) -> None:
    case.write("p/a_test.cc", C + "struct S { S() { *(volatile int*)nullptr = 1; } } s;\nvoid TestFault(dyad::T&) {}\n")
    case.write("q/a_test.c", C + NEXT)
    run = case.test()
    must(case, run, "loading", 3, {"TestNext": "PASS"}, r"^FAIL\tp \[load failed\]: crashed with SIGSEGV")
    case.must(len(re.findall("load failed", run.stdout)) <= 2, f"it was loaded again\n{run.stdout}")


@row(28, "a missing symbol")
def missing_symbol(case: Case) -> None:
    case.write("p/a_test.c", C + "void missing_thing(void);\nvoid TestFault(dyad_T *t) { (void)t; missing_thing(); }\n")
    case.write("q/a_test.c", C + NEXT)
    must(case, case.test(), "linking", 3, {"TestNext": "PASS"}, r"missing_thing", r"^FAIL\tp \[build failed\]")


@row(29, "the process is killed from outside during a test")
def killed_from_outside(case: Case) -> None:
    process, pid = start_waiting(case)
    (case.root / "p/again").touch()
    os.kill(pid, signal.SIGKILL)
    must(case, case.end(process), "a kill", 1, {"TestFirst": "PASS", "TestFault": "CRASH SIGKILL.*", "TestNext": "PASS"})


@row(30, "the zygote is killed", ("dll",))
def zygote_killed(case: Case) -> None:
    process, pid = start_waiting(case)
    (case.root / "p/again").touch()
    zygote = int(re.search(r"^PPid:\s*(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1])
    os.kill(zygote, signal.SIGKILL)
    must(case, case.end(process), "a kill", 1, {"TestFirst": "PASS", "TestFault": "CRASH lost: .*", "TestNext": "PASS"})


@row(30, "the zygote is killed each time it is there: what is left runs on exe", ("dll",))
def zygote_killed_again(case: Case) -> None:
    for package in "pqr":
        case.write(f"{package}/a_test.c", C + "#include <signal.h>\n#include <stdio.h>\n#include <string.h>\n#include <unistd.h>\n"
                   f"void Test_{package}(dyad_T *t) {{ (void)t; char place[64], name[64] = \"\"; "
                   'sprintf(place, "/proc/%d/comm", (int)getppid()); FILE *f = fopen(place, "r"); if (f) fgets(name, 64, f), fclose(f); '
                   'if (strcmp(name, "dyad-worker\\n") == 0) { kill(getppid(), SIGKILL); for (;;) pause(); } }\n'
                   f"void Test_{package}_next(dyad_T *t) {{ (void)t; }}\n")
    run = case.test("-p", "1", "--isolate=package")
    must(case, run, "two kills", 1, {"Test_p": "CRASH lost: dyad-worker ended", "Test_q": "PASS", "Test_r": "PASS"}
         | {f"Test_{package}_next": "PASS" for package in "pqr"})
    case.must(run.stdout.count("note: runs on exe: the worker of dll was ended from outside") == 2, f"not noted: {run.stdout}")
    case.must("worker of dll was ended from outside, twice: what is left runs on exe" in run.stderr, f"not said: {run.stderr}")


@row(31, "the worker is missing, another program, or of another build", ("dll",))
def strange_worker(case: Case) -> None:
    case.write("p/a_test.c", C + NEXT)
    prefix = case.dyad_program.resolve().parent.parent
    mine = case.folder / "installed"
    (mine / "bin").mkdir(parents=True)
    shutil.copy(prefix / "bin/dyad", mine / "bin/dyad")
    (mine / "share").symlink_to(prefix / "share")
    (mine / "lib/dyad").mkdir(parents=True)
    for part in (prefix / "lib/dyad").iterdir():
        (mine / "lib/dyad" / part.name).symlink_to(part)
    case.dyad_program = mine / "bin/dyad"
    worker = mine / "lib/dyad/dyad-worker"
    original = worker.resolve().read_bytes()
    other = b"""#!/usr/bin/env python3
import os
import socket
socket.socket(fileno=3).send(b"0.1 of yesterday".ljust(64, b"\\0"))
os.read(3, 100)
"""
    for what, content, says in (("the right one", original, None), ("missing", None, "No such file or directory"),
                                ("another program", b"#!/bin/sh\n", "did not start as dyad's worker"),
                                ("another build", other, "is of another build of dyad")):
        worker.unlink(missing_ok=True)
        if content is not None:
            worker.write_bytes(content)
            worker.chmod(0o755)
        run = case.test("--count=1")
        case.inject()
        shown = f"{what}: exit code {run.code}\n{run.stdout}{run.stderr}"
        case.must(run.code == (0 if says is None else 2 if content is None else 3), shown)
        case.must(says is None or re.search(rf"dyad-worker: {says}.*; install dyad again", run.stdout + run.stderr) is not None,
                  shown)


@row(32, "SIGINT and SIGTERM to dyad")
def interrupted(case: Case) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        (case.root / "p/pid").unlink(missing_ok=True)
        process, _ = start_waiting(case)
        process.send_signal(number)
        must(case, case.end(process), number.name, 128 + number,
             {"TestFirst": "PASS", "TestFault": "NOT RUN interrupted", "TestNext": "NOT RUN interrupted"})


@row(34, "dyad is stopped and continued: time limits pause")
def stopped(case: Case) -> None:
    process, _ = start_waiting(case, "--test-timeout=2s", "--timeout=2s")
    process.send_signal(signal.SIGTSTP)
    time.sleep(2.2)
    process.send_signal(signal.SIGCONT)
    process.send_signal(signal.SIGINT)
    must(case, case.end(process), "Ctrl-Z", 130,
         {"TestFirst": "PASS", "TestFault": "NOT RUN interrupted", "TestNext": "NOT RUN interrupted"})


@row(36, "garbage in the event channel")
def garbage(case: Case) -> None:
    case.write("p/a_test.c", C + "#include <unistd.h>\nvoid TestFirst(dyad_T *t) { (void)t; }\n"
               "void TestFault(dyad_T *t) { (void)t; "
               'for (int fd = 3; fd < 400; ++fd) if (write(fd, "\\xff\\xff\\xff\\xff\\xff", 5)) {} '
               "for (;;) pause(); }" + NEXT)
    must(case, case.test(), "garbage", 1, {"TestFirst": "PASS", "TestFault": "CRASH (protocol|lost): .*", "TestNext": "PASS"})


@row("36b", "garbage, and nothing else, in all descriptors but the event channel", ("dll",))
def garbage_elsewhere(case: Case) -> None:
    case.write("p/a_test.c", C + "#include <unistd.h>\n#include <sys/socket.h>\n"
               "void TestFault(dyad_T *t) { (void)t; char byte = 1; "
               "for (int fd = 3; fd < 400; ++fd) { send(fd, &byte, 0, MSG_NOSIGNAL); send(fd, &byte, 1, MSG_NOSIGNAL); } "
               "for (;;) pause(); }" + NEXT)
    must(case, case.test(), "garbage", 1,
         {"TestFault": "CRASH lost: it has written into dyad's own descriptors.*", "TestNext": "PASS"})


@row("36c", "shuts down every connection", ("dll",))
def shut_down(case: Case) -> None:
    case.write("p/a_test.c", C + "#include <unistd.h>\n#include <sys/socket.h>\n"
               "void TestFault(dyad_T *t) { (void)t; for (int fd = 3; fd < 400; ++fd) shutdown(fd, SHUT_RDWR); "
               "for (;;) pause(); }" + NEXT)
    must(case, case.test(), "shutdown", 1,
         {"TestFault": "CRASH lost: it has shut down dyad's own connections", "TestNext": "PASS"})


MANY = 12


def write_many(case: Case) -> dict[str, str]:
    """Packages that run long enough to be there at the same time, built already: what their tests must come to."""
    for i in range(MANY):
        case.write(f"p{i}/a_test.c", C + "#include <unistd.h>\n"
                   f"void TestSlow{i}(dyad_T *t) {{ (void)t; usleep(50000); }}\nvoid TestNext{i}(dyad_T *t) {{ (void)t; }}\n")
    case.test("--run=None")
    return {f"Test{name}{i}": "PASS" for i in range(MANY) for name in ("Slow", "Next")}


def must_wait(case: Case, run: Run, what: str, expected: dict[str, str], is_certain: bool = True) -> None:
    must(case, run, what, 0, expected)
    said = run.stderr.count("dyad: warning: no room for another process")
    case.must(said == 1 or (said == 0 and not is_certain), f"{what}: said {said} times: {run.stderr}")


@row("35a", "EMFILE: few descriptors, in dyad, the worker and the executors")
def few_descriptors(case: Case) -> None:
    expected = write_many(case)
    for limit in range(18, 41, 2 if case.full else 4):
        run = case.test("--count=1", "-p", str(MANY), "--isolate=package", program=Path("/usr/bin/prlimit"),
                        before=(f"--nofile={limit}", str(case.dyad_program)))
        must_wait(case, run, f"{limit} descriptors", expected, limit < 30)


@row("35b", "EAGAIN on fork, a few times and then no more")
def no_processes(case: Case) -> None:
    if shutil.which("strace") is None:
        raise Skipped("no strace")
    expected = write_many(case)
    # The worker's forks; the vforks of dyad. Counted by thread.
    call = "clone" if case.backend == "dll" else "vfork"
    for when in ("1..3", "2..5", "4"):
        run = case.test("--count=1", "-p", str(MANY), "--isolate=package", program=Path(shutil.which("strace")),
                        before=("-f", "-qq", "-o", str(case.folder / "trace"), "-e", f"trace={call}", "-e",
                                f"inject={call}:error=EAGAIN:when={when}", str(case.dyad_program)))
        case.must("INJECTED" in (case.folder / "trace").read_text(), f"nothing was injected at {when}")
        must_wait(case, run, f"EAGAIN at {when}", expected)


@row("35c", "EAGAIN on every fork: given up in time, and said")
def never_a_process(case: Case) -> None:
    if shutil.which("strace") is None:
        raise Skipped("no strace")
    case.write("p/a_test.c", C + NEXT)
    case.test("--run=None")
    call = "clone" if case.backend == "dll" else "vfork"
    run = case.test("--count=1", program=Path(shutil.which("strace")),
                    before=("-f", "-qq", "-o", str(case.folder / "trace"), "-e", f"trace={call}", "-e",
                            f"inject={call}:error=EAGAIN:when=1+", str(case.dyad_program)))
    case.inject()
    case.must(run.code == 3 and re.search(r"^FAIL\tp \[load failed\]: cannot start: .*Resource temporarily unavailable",
                                          run.stdout, re.MULTILINE) is not None, f"{run.code}: {run.stdout}{run.stderr}")
report("25f", "AddressSanitizer finds a use after free, and the descriptors are closed", "address",
       r"FAIL AddressSanitizer: heap-use-after-free a_test.c:5:\d+ in TestFault",
       "for (int i = 3; i < 5000; ++i) close(i); volatile char *p = malloc(4); free((void *)p); p[1] = 1;",
       r"^    ==\d+==ERROR: AddressSanitizer: heap-use-after-free", head="#include <stdlib.h>\n#include <unistd.h>\n")

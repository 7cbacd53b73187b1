"""End-to-end scripts: their form (README.md says what the commands mean) and how one is executed.

Knows nothing of how many scripts there are or where they run; `run` does.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

COMMAND_TIMEOUT_S = 180
SHOWN_LINES = 80  # of an output, in a transcript
NOBODY = 65534
SUBCOMMANDS_WITHOUT_BACKEND = {"list", "build", "compare", "cache", "backends", "version", "help", "--help", "-h", "--version"}


class Failed(Exception):
    """A line of a script did not hold."""


class Skipped(Exception):
    """The script cannot run here; the text says why."""


@dataclass
class Script:
    path: Path
    title: str = ""
    backends: tuple[str, ...] = ("dll", "exe")
    own_cache: bool = False
    commands: list[tuple[int, str]] = field(default_factory=list)  # line number, text
    files: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.path.stem


def read_script(path: Path) -> Script:
    script = Script(path)
    current = None  # the file that lines belong to
    for number, line in enumerate(path.read_text().splitlines(keepends=True), 1):
        if marker := re.fullmatch(r"-- (.+) --\n?", line):
            current = marker[1]
            if current in script.files:
                raise ValueError(f"{path.name}:{number}: a second {current}")
            script.files[current] = ""
        elif current is not None:
            script.files[current] += line
        elif line.startswith("#"):
            read_header(script, line[1:].strip(), number)
        elif line.strip():
            script.commands.append((number, line.strip()))
    if not script.title or not script.commands:
        raise ValueError(f"{path.name}: a script opens with a comment that says what must be true, and has commands")
    return script


def read_header(script: Script, text: str, number: int) -> None:
    if match := re.fullmatch(r"(backends|cache): *(.*)", text):
        if match[1] == "cache" and match[2] == "own":
            script.own_cache = True
        elif match[1] == "backends" and match[2] == "none":
            script.backends = ("dll",)
        elif match[1] == "backends" and set(match[2].split()) <= {"dll", "exe"}:
            script.backends = tuple(match[2].split())
        else:
            raise ValueError(f"{script.path.name}:{number}: unknown header: {text}")
    elif not script.title:
        script.title = text


class Execution:
    """One run of a script on one backend. `transcript` says what happened, also when it failed."""

    def __init__(self, script: Script, backend: str, dyad: Path, work: Path, cache: Path, source: Path):
        self.script, self.backend, self.dyad, self.work = script, backend, dyad, work
        self.variables = {"WORK": str(work), "BACKEND": backend, "DYAD": str(dyad), "CACHE": str(cache),
                          "SOURCE": str(source), "ROOT": str(dyad.resolve().parent.parent)}
        self.cwd = work
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("DYAD_", "GTEST_", "TEST_")) and name not in ("NO_COLOR", "CI")}
        self.environment |= {"DYAD_CACHE": str(cache), "HOME": str(work), "LC_ALL": "C.UTF-8"}
        self.stdout = self.stderr = ""
        self.transcript: list[str] = []

    def run(self) -> None:
        """Raises Failed or Skipped."""
        (self.work / ".git").mkdir(parents=True)
        for name, text in self.script.files.items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for number, line in self.script.commands:
            self.transcript.append(f"{self.script.path.name}:{number}: {line}")
            words = shlex.split(line)
            if not words:
                continue
            expected: object = 0
            if words[0] == "!":
                expected, words = "failure", words[1:]
            elif words[0] == "exit":
                expected, words = int(words[1]), words[2:]
            self.execute([self.substitute(word) for word in words], expected)

    def substitute(self, word: str) -> str:
        return re.sub(r"\$([A-Z]+)\b", lambda m: self.variables.get(m[1], m[0]), word)

    def execute(self, words: list[str], expected: object) -> None:
        name, arguments = words[0], words[1:]
        if name in ("dyad", "exec", "as-nobody", "interrupt"):
            self.run_program(words, expected)
        elif name in ("stdout", "stderr"):
            self.check_text(name, arguments[0], expected == 0)
        elif name == "exists":
            if (self.place(arguments[0]).exists() or self.place(arguments[0]).is_symlink()) != (expected == 0):
                raise Failed(f"{arguments[0]} " + ("does not exist" if expected == 0 else "exists"))
        elif expected != 0:
            raise Failed(f"{name} cannot be expected to fail")
        elif handler := getattr(self, "do_" + name.replace("-", "_"), None):
            handler(*arguments)
        else:
            raise Failed(f"unknown command: {name}")

    def place(self, path: str) -> Path:
        return self.cwd / path

    # Programs.

    def run_program(self, words: list[str], expected: object) -> None:
        nobody = False
        interrupt = None
        while words[0] in ("as-nobody", "interrupt"):
            if words[0] == "as-nobody":
                nobody, words = os.geteuid() == 0, words[1:]
                if nobody and not all(place.stat().st_mode & 0o001 for place in self.dyad.parents):
                    raise Skipped(f"a user without rights cannot reach {self.dyad}")
            else:
                interrupt, words = (getattr(signal, "SIG" + words[1]), self.place(words[2])), words[3:]
        command = self.dyad_command(words[1:]) if words[0] == "dyad" else words[1:]
        if words[0] == "dyad":
            # No person starts dyad within a tick of the kernel's clock (4 to 10 ms) after an edit. Of a file as young as
            # that nobody can tell whether it changed before or after the start, so its reader's result is not kept.
            time.sleep(0.012)
        returned = self.spawn(command, nobody, interrupt)
        for name, text in (("out", self.stdout), ("err", self.stderr)):
            lines = [f"  {name} | {line}" for line in text.splitlines()]
            if len(lines) > SHOWN_LINES:
                lines[SHOWN_LINES // 2 : -SHOWN_LINES // 2] = [f"  {name} | ... {len(lines) - SHOWN_LINES} lines ..."]
            self.transcript += lines
        self.transcript.append(f"  exit {returned}")
        if expected == "failure":
            if not 1 <= returned <= 4:
                raise Failed(f"must fail with exit code 1 to 4, ended with {returned}")
        elif returned != expected:
            raise Failed(f"exit code {returned}, not {expected}")

    def dyad_command(self, arguments: list[str]) -> list[str]:
        runs_tests = not (arguments and arguments[0] in SUBCOMMANDS_WITHOUT_BACKEND)
        if runs_tests and not any(re.match(r"--?backend\b", argument) for argument in arguments):
            at = 1 if arguments[:1] in (["test"], ["explain"], ["bisect-order"]) else 0
            arguments = [*arguments[:at], f"--backend={self.backend}", *arguments[at:]]
        return [str(self.dyad), *arguments]

    def spawn(self, command: list[str], nobody: bool, interrupt: tuple[int, Path] | None) -> int:
        options = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if nobody else {}
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            try:
                process = subprocess.Popen(command, cwd=self.cwd, env=self.environment, stdin=subprocess.DEVNULL,
                                           stdout=out, stderr=err, start_new_session=True, **options)
            except OSError as error:
                raise Failed(str(error)) from error
            deadline = time.monotonic() + COMMAND_TIMEOUT_S
            if interrupt:
                number, path = interrupt
                while not path.exists() and process.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.01)
                process.send_signal(number)
            try:
                process.wait(max(1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise Failed(f"still running after {COMMAND_TIMEOUT_S} s: {shlex.join(command)}") from None
            finally:
                out.seek(0)
                err.seek(0)
                self.stdout = out.read().decode(errors="backslashreplace")
                self.stderr = err.read().decode(errors="backslashreplace")
            return process.returncode

    # Checks.

    def check_text(self, stream: str, pattern: str, wanted: bool) -> None:
        found = re.search(pattern, getattr(self, stream), re.MULTILINE)
        if wanted and not found:
            raise Failed(f"{stream} has no match for {pattern!r}")
        if not wanted and found:
            raise Failed(f"{stream} has {found[0]!r}")

    def do_count(self, number: str, pattern: str) -> None:
        found = len(re.findall(pattern, self.stdout, re.MULTILINE))
        if found != int(number):
            raise Failed(f"stdout has {found} matches, not {number}, for {pattern!r}")

    def do_cmp(self, stream: str, path: str) -> None:
        text = re.sub(r"\b\d+\.\d+s\b", "0.00s", getattr(self, stream))
        wanted = self.place(path).read_text()
        if text != wanted:
            raise Failed(f"{stream} differs from {path}:\n{text!r}\n{wanted!r}")

    def do_skip_unless(self, condition: str, *arguments: str) -> None:
        met = {"root": lambda: os.geteuid() == 0, "not-root": lambda: os.geteuid() != 0,
               "program": lambda: shutil.which(arguments[0]) is not None,
               "file": lambda: self.place(arguments[0]).exists()}[condition]()
        if not met:
            raise Skipped(f"needs {condition} {' '.join(arguments)}".strip())

    # The workspace.

    def do_write(self, path: str, text: str) -> None:
        self.place(path).parent.mkdir(parents=True, exist_ok=True)
        self.place(path).write_text(unescape(text))

    def do_append(self, path: str, text: str) -> None:
        with self.place(path).open("a") as file:
            file.write(unescape(text))

    def do_copy(self, source: str, target: str) -> None:
        if self.place(source).is_dir():
            shutil.copytree(self.place(source), self.place(target))
        else:
            shutil.copy(self.place(source), self.place(target))

    def do_move(self, source: str, target: str) -> None:
        self.place(source).rename(self.place(target))

    def do_rm(self, path: str) -> None:
        if self.place(path).is_dir() and not self.place(path).is_symlink():
            shutil.rmtree(self.place(path))
        else:
            self.place(path).unlink()

    def do_mkdir(self, path: str) -> None:
        self.place(path).mkdir(parents=True)

    def do_chmod(self, mode: str, path: str) -> None:
        self.place(path).chmod(int(mode, 8))

    def do_symlink(self, target: str, path: str) -> None:
        self.place(path).symlink_to(target)

    def do_cd(self, path: str = "") -> None:
        self.cwd = self.place(path) if path else self.work

    def do_env(self, setting: str) -> None:
        name, _, value = setting.partition("=")
        if name.startswith("-"):
            self.environment.pop(name[1:], None)
        else:
            self.environment[name] = value


def unescape(text: str) -> str:
    return text.encode().decode("unicode_escape").encode("latin-1").decode()

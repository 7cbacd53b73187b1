"""Samples to medians, ratios, a Markdown table and JSON. Knows nothing of how they were measured."""

import json
import statistics
from pathlib import Path
from typing import NamedTuple

MIB = 1 << 20


class Sample(NamedTuple):
    workload: str  # "50 packages"
    seed: int
    round: int
    repeat: int
    scenario: str
    contender: str
    seconds: float
    cpu_seconds: float
    largest_process: int  # bytes
    all_processes: int  # bytes
    parts: dict[str, float]  # seconds of each step


class Row(NamedTuple):
    """All samples of one contender in one scenario of one workload."""

    contender: str
    samples: list[Sample]

    @property
    def seconds(self) -> list[float]:
        return [sample.seconds for sample in self.samples]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def median_of(self, field: str) -> float:
        return statistics.median(getattr(sample, field) for sample in self.samples)

    def ratios_of(self, other: "Row") -> list[float]:
        """The other's time by this one's, of the same seed, round and repeat."""
        own = {(sample.seed, sample.round, sample.repeat): sample.seconds for sample in self.samples}
        pairs = [(sample.seconds, own.get((sample.seed, sample.round, sample.repeat))) for sample in other.samples]
        return [seconds / mine for seconds, mine in pairs if mine]

    def show_ratio_of(self, other: "Row | None") -> str:
        """Of the medians, and in brackets the smallest and the largest of two runs that followed each other."""
        if not other or other is self:
            return ""
        ratios = self.ratios_of(other)
        spread = f" ({min(ratios):.3g}..{max(ratios):.3g})" if len(ratios) > 1 else ""
        return f"**{other.median / self.median:.3g}**{spread}"


class Results:
    def __init__(self, about: dict, labels: dict[str, str], scenarios: dict[str, str]):
        self.about, self.labels, self.scenarios = about, labels, scenarios
        self.samples: list[Sample] = []

    def add(self, sample: Sample) -> None:
        self.samples.append(sample)

    @property
    def workloads(self) -> list[str]:
        return list(dict.fromkeys(sample.workload for sample in self.samples))

    def rows(self, workload: str) -> dict[str, list[Row]]:
        """By scenario; in each, the contenders in order, dyad first."""
        found: dict[str, list[Row]] = {}
        for scenario in self.scenarios:
            rows = []
            for contender in self.labels:
                samples = [s for s in self.samples
                           if (s.workload, s.scenario, s.contender) == (workload, scenario, contender)]
                if samples:
                    rows.append(Row(contender, samples))
            if rows:
                found[scenario] = rows
        return found

    def markdown(self) -> str:
        lines = []
        for workload in self.workloads:
            seeds = sorted({s.seed for s in self.samples if s.workload == workload})
            lines += [f"### {workload}" + (f", seeds {', '.join(map(str, seeds))}" if any(seeds) else ""), "",
                      "| | | median | min..max | n | dyad : this | watch : this | CPU | memory | largest process |",
                      "|---|---|---|---|---|---|---|---|---|---|"]
            for scenario, rows in self.rows(workload).items():
                for number, row in enumerate(rows):
                    lines.append(self._line(self.scenarios[scenario] if number == 0 else "", row, rows))
            lines.append("")
        lines += [f"{key}: {value}  " for key, value in self.about.items()]
        lines += ["", NOTES]
        return "\n".join(lines) + "\n"

    def _line(self, scenario: str, row: Row, rows: list[Row]) -> str:
        dyad, watch = (next((r for r in rows if r.contender == name), None) for name in ("dyad", "dyad-watch"))
        spread = f"{show_seconds(min(row.seconds))} .. {show_seconds(max(row.seconds))}"
        cells = [scenario, self.labels[row.contender], show_seconds(row.median),
                 spread if len(row.samples) > 1 else "", str(len(row.samples)), row.show_ratio_of(dyad),
                 row.show_ratio_of(watch) if row is not dyad else "",
                 show_seconds(row.median_of("cpu_seconds")), show_bytes(row.median_of("all_processes")),
                 show_bytes(row.median_of("largest_process"))]
        return "| " + " | ".join(cells) + " |"

    def save(self, path: Path) -> None:
        medians = [{"workload": workload, "scenario": scenario, "contender": row.contender, "samples": len(row.samples),
                    "seconds": row.median, "min": min(row.seconds), "max": max(row.seconds),
                    "dyad_by_this": rows[0].median / row.median if rows[0].contender == "dyad" else None,
                    "cpu_seconds": row.median_of("cpu_seconds"), "all_processes": row.median_of("all_processes"),
                    "largest_process": row.median_of("largest_process")}
                   for workload in self.workloads for scenario, rows in self.rows(workload).items() for row in rows]
        document = {"about": self.about, "labels": self.labels, "scenarios": self.scenarios, "medians": medians,
                    "samples": [sample._asdict() for sample in self.samples]}
        path.write_text(json.dumps(document, indent=1) + "\n")

    @staticmethod
    def load(path: Path) -> "Results":
        document = json.loads(path.read_text())
        results = Results(document["about"], document["labels"], document["scenarios"])
        results.samples = [Sample(**sample) for sample in document["samples"]]
        return results


NOTES = """\
`dyad : this` is dyad's median divided by this one's, `watch : this` that of dyad watch, in brackets the smallest and
largest ratio of two runs that followed each other. CPU: user and system, of all processes. Memory: resident, of all
processes at once at the worst of ten samples a second (what they share counts in each), and of the largest process;
less than about 25 MiB is not told apart. "From an empty cache" includes CMake's configure step; a warm ccache has seen
all files, and the build folder is new. dyad watch is running when the edit is made. GoogleTest's library is compiled
by dyad, and installed ready-made for CMake. CTest keeps no results, so it runs everything each time, except where one
package is asked for: then the test program is run."""


def show_seconds(seconds: float) -> str:
    if seconds < 0.1:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 100 else f"{seconds:.0f} s"


def show_bytes(count: float) -> str:
    return f"{count / MIB:.0f} MiB"

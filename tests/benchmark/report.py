"""One row a measured figure, with the limit it must keep or the peer it is compared to.

How to add a benchmark: write `tests/benchmark/bench_<name>.py` with

    from tests.benchmark.report import Row

    def run() -> list[Row]:
        return [
            Row("import of a 4096x4096 16-bit TIFF", 1.3, "s of CPU", at_most=2),
            Row("pan with 5,000 boxes", 58, "fps", at_least=55),
            Row("tiles of 4096x4096", 0.31, "s", at_most=0.40, peer="pyvips, same run"),
        ]

`./etem bench <name>` runs that file alone, `./etem bench` all of them; one that raises is a failed row.
Machines are noisy: measure limit and peer within one run, alternate them, take the median, and say in `note`
what was done. A benchmark that needs the database uses the throw-away servers (`tests.servers` is loaded and
Django set up, with an empty migrated database, when `NEEDS_DATABASE = True` stands in the module).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A figure. Give `at_most` or `at_least`; `peer` names whose figure the limit is, if anybody's."""

    name: str
    measured: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    peer: str = ""
    note: str = ""

    def __post_init__(self):
        if self.at_most is not None and self.at_least is not None:
            raise ValueError(f"“{self.name}” has both at_most and at_least; give one.")

    @property
    def limit(self):
        return self.at_most if self.at_most is not None else self.at_least

    @property
    def ratio(self) -> float | None:
        """Measured over limit; None without a limit."""
        return None if not self.limit else self.measured / self.limit

    @property
    def is_ok(self) -> bool:
        if self.measured != self.measured:  # NaN: nothing was measured
            return False
        if self.at_most is not None:
            return self.measured <= self.at_most
        return self.at_least is None or self.measured >= self.at_least


def failed(name: str, error: BaseException) -> Row:
    """The row of a benchmark that raised."""
    return Row(name, float("nan"), "", note=f"{type(error).__name__}: {error}")


def table(rows: list[Row]) -> str:
    """The rows as one aligned text table."""
    head = ("", "measured", "limit", "ratio", "peer", "note")
    body = [
        (
            f"{'ok  ' if row.is_ok else 'FAIL'} {row.name}",
            f"{row.measured:.4g} {row.unit}",
            "" if row.limit is None else f"{'<=' if row.at_most is not None else '>='} {row.limit:.4g}",
            "" if row.ratio is None else f"{row.ratio:.2f}",
            row.peer,
            row.note,
        )
        for row in rows
    ]
    widths = [max(len(line[i]) for line in [head, *body]) for i in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [head, *body]
    )

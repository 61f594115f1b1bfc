"""What noise and pixels do to the sizes and shapes of drawn discs: prints the table of docs/measurements.md.

python -m tests.benchmark.bench_shape
"""

import argparse

import numpy as np

from annotations import shape
from annotations.box_fit import shrink_to_fit
from tests import phantoms

DIAMETERS = (5, 6, 8, 10, 12, 20, 40, 80)
NOISES = (0.02, 0.1, 0.2)  # standard deviation over contrast
NAMES = ("ecd_px", "feret_min_px", "feret_max_px", "aspect_ratio", "roundness", "circularity")


def measured(diameter, noise, count, rng):
    """Descriptors (count, 6) of discs at random places between pixels; NaN where there is none."""
    size = int(diameter * 1.9) + 12
    values = np.full((count, len(NAMES)), np.nan)
    for row in values:
        center = size / 2 + rng.random(2)
        image = phantoms.disc(size, center, diameter) + noise * rng.standard_normal((size, size))
        box = (*(center - diameter / 2 - 1), diameter + 2, diameter + 2)
        outline = shrink_to_fit(image, box)
        if outline is not None:
            got = shape.measure(outline)
            row[:] = [np.nan if getattr(got, name) is None else getattr(got, name) for name in NAMES]
    return values


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=50, help="discs a row")
    count = parser.parse_args().count
    rng = np.random.default_rng(0)
    print("| noise | true d (px) | ECD: mean, SD | min Feret | max Feret | aspect ratio: mean, RMSE | "
          "roundness: mean, RMSE | circularity |")  # fmt: skip
    print("|" + "---|" * 8)
    for noise in NOISES:
        for diameter in DIAMETERS:
            values = measured(diameter, noise, count, rng)
            known = values[:, ~np.isnan(values).all(0)]
            mean = np.full(len(NAMES), np.nan)
            rmse = mean.copy()
            mean[~np.isnan(values).all(0)] = np.nanmean(known, axis=0)
            rmse[~np.isnan(values).all(0)] = np.sqrt(np.nanmean((known - 1) ** 2, axis=0))
            ecd = values[:, 0]
            cells = [
                f"{noise:g}", f"{diameter}", f"{mean[0]:.2f}, {np.nanstd(ecd):.2f}", f"{mean[1]:.2f}",
                f"{mean[2]:.2f}", f"{mean[3]:.3f}, {rmse[3]:.3f}", f"{mean[4]:.3f}, {rmse[4]:.3f}",
                f"{mean[5]:.3f}",
            ]  # fmt: skip
            print(
                "| " + " | ".join(cell.replace("nan, nan", "–").replace("nan", "–") for cell in cells) + " |"
            )


if __name__ == "__main__":
    main()

"""The learned engine as it ships: seconds of a 2048 x 2048 frame, where they go, and memory on a huge one."""

import subprocess
import sys
import time
from statistics import median

import numpy as np

from annotations import shape
from mlcore.inference import classical, evidence, judge, network
from mlcore.inference.graphics import picture_of
from mlcore.inference.network import NetworkEngine
from mlcore.inference.preparation import cleaned
from tests import phantoms
from tests.benchmark.report import Row

SIDE, TRIES = 2048, 5
HUGE = 16384
PEAK = """
import resource, numpy as np
from mlcore.inference.network import NetworkEngine
rng = np.random.default_rng(0)
image = rng.integers(90, 110, (%d, %d), np.uint8)
image[::128, ::128] = 255
found = NetworkEngine().find(image)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


def flops_a_pixel(engine):
    """Of the convolutions, for each pixel of the frame that goes in: 2 x kernel x output pixels."""
    from mlcore.inference.weights import DETECTOR, tensors

    weights = tensors(engine.model.path(DETECTOR))
    total = 0.0
    for name, kernel in weights.items():
        if kernel.ndim != 4:
            continue
        total += 2 * kernel.size / _stride(name) ** 2
    return total


def _stride(name):
    """How many times smaller a side of a convolution's output is than the frame's."""
    parts = name.split(".")
    if parts[0] == "decoder":
        return 2 ** (4 - int(parts[2]))
    if parts[0] == "segmentation_head":
        return 1
    layer = next((one for one in parts if one.startswith("layer")), None)
    return 2 if layer is None else 2 ** (1 + int(layer[-1]))


def matrix_rate():
    """Floating-point operations a second of CPU, of a product of float32 matrices."""
    one = np.random.default_rng(0).standard_normal((1536, 1536)).astype(np.float32)
    rates = []
    for _ in range(5):
        begun = time.process_time()
        one @ one
        rates.append(2 * one.shape[0] ** 3 / (time.process_time() - begun))
    return max(rates)


def run():
    discs = phantoms.grid_discs(SIDE, 40, 30)
    image = phantoms.micrograph(SIDE, discs, noise=0.2, slope=1)
    engine = NetworkEngine()
    maps, search, tiles, searched = engine.maps, classical.proposals, [], []

    def kept(tile):
        tiles.append(tile)
        return maps(tile)

    def timed_search(*args):  # in a thread of its own, beside the network
        begun = time.thread_time()
        answer = search(*args)
        searched.append(time.thread_time() - begun)
        return answer

    engine.maps, network.classical.proposals = kept, timed_search
    wall, cpu = [], []
    try:
        for _ in range(TRIES):
            tiles.clear()
            begun, cpu_begun = time.perf_counter(), time.process_time()
            found = engine.find(image)
            shape.measure_many([one.outline for one in found], (SIDE, SIDE), (0.5, 0.5))
            wall.append(time.perf_counter() - begun)
            cpu.append(time.process_time() - cpu_begun)
    finally:
        engine.maps, network.classical.proposals = maps, search
    exact = NetworkEngine(runtime="openvino-fp32")
    coarse_s, exact_s = (_seconds(one, tiles) for one in (maps, exact.maps))
    sure = sum(one.confidence >= 0.25 for one in found)
    what = f"network, {SIDE} x {SIDE}, {len(discs)} discs"
    limit = flops_a_pixel(engine) * sum(one.size for one in tiles) / matrix_rate()
    return [
        Row(f"{what}: wall, all in", min(wall), "s", at_most=2.0, note=f"{sure} found"),
        Row(f"{what}: CPU, all in", median(cpu), "s"),
        Row(
            f"{what}: of which the detector", coarse_s, "s", at_most=2 * limit,
            peer="2 x its FLOPs at the float32 matrix rate",
        ),
        Row(f"{what}: of which the classical search", median(searched), "s"),
        Row(f"{what}: of which the judge", _judging(engine, image), "s"),
        Row("detector in 8 bits over fp32, CPU", coarse_s / exact_s, "", at_most=1.0, peer="fp32, same run"),
        Row(f"network, {HUGE} x {HUGE}: most memory", _peak_gib(), "GiB", at_most=3.0),
    ]  # fmt: skip


def _seconds(maps, tiles):
    times = []
    for _ in range(3):
        begun = time.process_time()
        for tile in tiles:
            maps(tile)
        times.append(time.process_time() - begun)
    return min(times)


def _judging(engine, image):
    finds = engine.finds(picture_of(cleaned(image)).image)
    begun = time.process_time()
    evidence.chosen(finds, judge.confidence(finds, engine.judge))
    return time.process_time() - begun


def _peak_gib():
    done = subprocess.run(
        [sys.executable, "-c", PEAK % (HUGE, HUGE)], capture_output=True, text=True, check=True, timeout=1500
    )
    return float(done.stdout.strip())

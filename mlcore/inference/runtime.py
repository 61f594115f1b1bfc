"""What runs a network: OpenVINO on a CPU, torch on a GPU and where OpenVINO is not installed.

A runtime maps a float32 array (N, C, H, W) to a tuple of float32 arrays. Which one is chosen is the
environment's ETEM_RUNTIME, `auto` by default; results agree within TOLERANCE, in 8 bits within
TOLERANCE_8_BITS (tests/unit/inference).
"""

import importlib.util
import os
import threading
from pathlib import Path

import numpy as np

TOLERANCE = 2e-3  # of logits, between runtimes in fp32; bf16 on a GPU is coarser
TOLERANCE_8_BITS = 0.02  # of probabilities, mean over a map
CHOICES = ("auto", "openvino", "openvino-fp32", "torch")


def choice():
    """Which runtime this machine gets: one of CHOICES but "auto"."""
    wanted = os.environ.get("ETEM_RUNTIME", "auto").strip().lower() or "auto"
    if wanted not in CHOICES:
        raise ValueError(f"ETEM_RUNTIME must be one of {', '.join(CHOICES)}, got “{wanted}”.")
    has_openvino = importlib.util.find_spec("openvino") is not None
    if wanted.startswith("openvino") and not has_openvino:
        raise ValueError(
            "ETEM_RUNTIME asks for OpenVINO, which is not installed: pip install openvino, or choose torch."
        )
    if wanted != "auto":
        return wanted
    # Torch alone takes seconds to load; where no GPU is to be seen it is not asked for one.
    return "torch" if Path("/dev/nvidiactl").exists() or not has_openvino else "openvino"


def make_runtime(graph, build, kind=None, ranges=None):
    """A runtime of a network.

    Parameters
    ----------
    graph : callable
        Makes the OpenVINO model, in 8 bits if it is given ranges.
    build : callable
        Makes the torch module with its weights. Only one of both is called.
    kind : str, optional
        One of CHOICES; without it the environment's.
    ranges : dict, optional
        Of the weights, as `graphs.ranges_of` makes them; used by "openvino".
    """
    kind = kind or choice()
    if kind == "torch":
        return TorchRuntime(build())
    return OpenVinoRuntime(graph(ranges if kind == "openvino" else None))


class TorchRuntime:
    """On a GPU in bf16, compiled; on a CPU in fp32. Channels last in both: half the time of the other."""

    name = "torch"

    def __init__(self, net, device=None):
        import torch

        self.torch = torch
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.set_flush_denormal(True)
        self.net = net.eval().to(self.device, memory_format=torch.channels_last)
        if self.device.type == "cuda":
            self.net = torch.compile(self.net, dynamic=True)

    def __call__(self, batch):
        torch = self.torch
        given = torch.from_numpy(np.ascontiguousarray(batch, np.float32))
        given = given.to(self.device, memory_format=torch.channels_last)
        is_cuda = self.device.type == "cuda"
        with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16, enabled=is_cuda):
            out = self.net(given)
        out = out if isinstance(out, tuple) else (out,)
        return tuple(one.float().cpu().numpy() for one in out)


class OpenVinoRuntime:
    """On a CPU: half of torch's time, less in 8 bits; and torch itself, seconds to load, is not needed."""

    name = "openvino"

    def __init__(self, model):
        import openvino

        self.request = openvino.Core().compile_model(
            model, "CPU", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        ).create_infer_request()  # fmt: skip
        self.turn = threading.Lock()  # a request serves one thread at a time, and refuses a second one

    def __call__(self, batch):
        with self.turn:
            self.request.infer([np.ascontiguousarray(batch, np.float32)])
            # Copied: the next call writes into the same memory.
            return tuple(one.data.copy() for one in self.request.output_tensors)

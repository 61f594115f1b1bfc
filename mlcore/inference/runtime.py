"""What runs a network: OpenVINO on a CPU, torch on a GPU and where OpenVINO is not installed.

A runtime maps float32 arrays (N, C, H, W) to a tuple of float32 arrays. Which one is chosen is the
environment's ETEM_RUNTIME, `auto` by default; results agree within TOLERANCE (tests/unit/inference).
"""

import importlib.util
import os
from pathlib import Path

import numpy as np

from mlcore.inference.weights import SHIPPED

TOLERANCE = 2e-3  # of logits, between runtimes in fp32; bf16 on a GPU is coarser
CHOICES = ("auto", "openvino", "torch")
ANY = -1


def choice():
    """Which runtime this machine gets: "openvino" or "torch"."""
    wanted = os.environ.get("ETEM_RUNTIME", "auto").strip().lower() or "auto"
    if wanted not in CHOICES:
        raise ValueError(f"ETEM_RUNTIME must be one of {', '.join(CHOICES)}, got “{wanted}”.")
    has_openvino = importlib.util.find_spec("openvino") is not None
    if wanted == "openvino" and not has_openvino:
        raise ValueError(
            "ETEM_RUNTIME asks for OpenVINO, which is not installed: pip install openvino, or choose torch."
        )
    if wanted != "auto":
        return wanted
    # Torch alone takes seconds to load; where no GPU is to be seen it is not asked for one.
    return "torch" if Path("/dev/nvidiactl").exists() or not has_openvino else "openvino"


def make_runtime(build, shape, key, kind=None):
    """A runtime of a network.

    Parameters
    ----------
    build : callable
        Makes the torch module with its weights; called only where it is needed.
    shape : tuple of int
        (N, C, H, W) of what it takes, ANY where it may vary.
    key : str
        Tells this network from all others: what is compiled for it is kept under this name.
    """
    kind = kind or choice()
    return OpenVinoRuntime(build, shape, key) if kind == "openvino" else TorchRuntime(build())


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
    """On a CPU in fp32: twice as fast as torch, and torch itself need not be loaded once it is converted."""

    name = "openvino"

    def __init__(self, build, shape, key):
        import openvino

        core = openvino.Core()
        self.request = core.compile_model(
            self._converted(openvino, core, build, shape, key),
            "CPU",
            {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"},
        ).create_infer_request()

    def __call__(self, batch):
        self.request.infer([np.ascontiguousarray(batch, np.float32)])
        # Copied: the next call writes into the same memory.
        return tuple(one.data.copy() for one in self.request.output_tensors)

    @staticmethod
    def _converted(openvino, core, build, shape, key):
        folder = compiled_folder()
        path = folder / f"{key}-ov{openvino.__version__.split('-')[0]}.xml"
        if path.exists():
            return core.read_model(path)
        import torch

        example = torch.zeros([side if side != ANY else 64 for side in shape])
        model = openvino.convert_model(
            build().eval(), example_input=example, input=[openvino.PartialShape(list(shape))]
        )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            part = folder / f"{path.stem}.{os.getpid()}"
            openvino.save_model(model, f"{part}.xml", compress_to_fp16=False)
            # The .bin first: whoever sees the .xml finds both. It names no file, its stem finds the other.
            os.replace(f"{part}.bin", path.with_suffix(".bin"))
            os.replace(f"{part}.xml", path)
        except OSError:
            pass  # a read-only or full disk: converted again at the next start
        return model


def compiled_folder():
    """Where converted networks are kept: in the data folder, to be deleted at any time."""
    data = os.environ.get("ETEM_DATA_DIR") or SHIPPED.parents[1] / "data"
    return Path(data) / "compiled"

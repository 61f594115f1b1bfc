"""How much memory a step of a training takes, without taking it: what would fit where another did not."""

from contextlib import suppress
from pathlib import Path

import psutil
import torch

# Weights, gradients, AdamW's two moments and the moving average.
COPIES = 5
# What backward needs besides what forward has kept: gradients on their way and a convolution's workspace.
# Measured as the peak of resident memory over what is kept: 1.35 to 1.55 for detectors of both widths, crops
# of 256 and 512 px and batches of 1 to 8 on a CPU; losses and targets come on top.
OVER_KEPT = 1.8
SHARE = 0.85  # of the memory there is; the rest is for what cuts crops, and for others
OF_PROCESS_BYTES = 1.2 * 2**30  # Python with torch, before it has a network
LIMIT, USED = (Path("/sys/fs/cgroup") / name for name in ("memory.max", "memory.current"))


def step_bytes(net, example):
    """Bytes that a training needs in any case, and those of each further example in a batch.

    Parameters
    ----------
    net : Module
    example : Tensor
        (1, C, H, W), one as the network is given it.
    """
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    net.train()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        answer = net(example)  # referred to until all is counted: memory given back is used again
    own = [one.untyped_storage() for one in (*net.parameters(), *net.buffers())]
    of_net = sum(storage.nbytes() for storage in own)
    for storage in own:
        kept.pop(storage.data_ptr(), None)
    return COPIES * of_net, int(OVER_KEPT * (sum(kept.values()) + answer.nbytes))


def largest_batch(fixed, each, there):
    """How many examples fit into `there` bytes beside what is needed in any case; 0 or less: none."""
    return int((SHARE * there - fixed) // each)


def free_bytes(device):
    """What a new training would find on this machine if this process ended now."""
    if device == "cuda":
        return torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved()
    free = psutil.virtual_memory().available
    with suppress(OSError, ValueError):  # no container, or one whose limit is “max”
        free = min(free, int(LIMIT.read_text()) - int(USED.read_text()))
    return max(free + psutil.Process().memory_info().rss - OF_PROCESS_BYTES, 0)

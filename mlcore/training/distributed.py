"""Several processes that train one network as a single one would: the same batches, the same weights.

Each process takes its share of every batch. Losses are those of the whole batch (a Dice of it is no mean of
its parts'), and so are the means and variances of normalisation; what is left is the order in which numbers
are added. Started by torchrun (`python -m torch.distributed.run`), which tells each process its place.
"""

import os
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True)
class Place:
    """Which of how many processes this one is."""

    rank: int = 0
    world: int = 1

    @property
    def is_first(self):
        """The one that saves, shows and speaks."""
        return self.rank == 0

    def share(self, n):
        """First and last + 1 of this process's among n items of a batch; ValueError if they do not divide."""
        if n % self.world:
            raise ValueError(
                f"A batch of {n} cannot be shared among {self.world} processes; name a batch_size that "
                f"is a multiple of {self.world}."
            )
        each = n // self.world
        return self.rank * each, (self.rank + 1) * each


ALONE = Place()


def place_here():
    """What torchrun told this process; alone without it."""
    return Place(int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1)))


def device_here(wanted="cpu"):
    """The device of this process: of several GPUs each process has one."""
    if wanted == "cuda" and torch.cuda.is_available():
        return f"cuda:{os.environ.get('LOCAL_RANK', 0)}"
    return "cpu" if wanted == "cuda" else wanted


@contextmanager
def together(device="cpu"):
    """The processes that torchrun started, connected: gloo on CPUs, nccl on GPUs. Gives this one's place."""
    place = place_here()
    if place.world == 1:
        yield place
        return
    if device.startswith("cuda"):
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield place
    finally:
        dist.destroy_process_group()


def first_then_others(place, work):
    """What `work()` gives, done by the first process and then by the others, which find it done."""
    if place.world == 1:
        return work()
    if not place.is_first:
        dist.barrier()
    done = work()
    if place.is_first:
        dist.barrier()
    return done


class SharedNorm(nn.BatchNorm2d):
    """Batch normalisation by the mean and variance of all processes' parts of a batch.

    As torch's SyncBatchNorm, which refuses CPUs. Weights have the same names as BatchNorm2d's.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        n = x.numel() / x.shape[1] * dist.get_world_size()
        shape = (1, -1, 1, 1)
        mean = all_reduce(x.sum((0, 2, 3))) / n
        off = x - mean.view(shape)
        variance = all_reduce((off * off).sum((0, 2, 3))) / n
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * n / (n - 1), self.momentum)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return off * scale.view(shape) + self.bias.view(shape)


def spread(net, place, device="cpu"):
    """The network as one of several, with the same parameters; as it is where there is one process."""
    if place.world == 1:
        return net
    _share_norms(net)
    return DistributedDataParallel(
        net, device_ids=[device] if device.startswith("cuda") else None, broadcast_buffers=False
    )


def whole(parts: Tensor, place) -> Tensor:
    """All processes' parts (N / W, ...) of a batch as one (N, ...); gradients reach the own part alone."""
    if place.world == 1:
        return parts
    theirs = [torch.empty_like(parts) for _ in range(place.world)]
    dist.all_gather(theirs, parts.detach().contiguous())
    theirs[place.rank] = parts
    return torch.cat(theirs)


def whole_ragged(parts, place):
    """The same for a part whose further sides differ, filled up with zeros; None where a part has none."""
    if place.world == 1:
        return parts
    theirs = [None] * place.world
    dist.all_gather_object(theirs, None if parts is None else parts.cpu())
    known = [one for one in theirs if one is not None]
    if not known:
        return None
    most = max(one.shape[1] for one in known)
    return torch.cat([_filled(one, most, known[0]) for one in _without_none(theirs, known[0])])


def _without_none(parts, like):
    n = like.shape[0]
    return [like.new_zeros(n, 0, *like.shape[2:]) if one is None else one for one in parts]


def _filled(part, most, like):
    more = like.new_zeros(part.shape[0], most - part.shape[1], *part.shape[2:])
    return torch.cat([part, more], 1)


def _share_norms(net):
    for name, child in net.named_children():
        if type(child) is nn.BatchNorm2d:
            setattr(net, name, _shared(child))
        else:
            _share_norms(child)


def _shared(norm):
    shared = SharedNorm(norm.num_features, eps=norm.eps, momentum=norm.momentum)
    shared.to(norm.weight.device)
    shared.load_state_dict(norm.state_dict())
    return shared

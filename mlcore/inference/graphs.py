"""Our networks as OpenVINO graphs, made from their weights alone: where they are used, torch need not be.

The same layers as `mlcore/nets`, which training uses; that both give the same is a test. Batch normalisations
are folded into the convolutions before them.
"""

import re

import numpy as np
from openvino import Model, PartialShape, Type
from openvino import opset13 as ops

EPSILON = 1e-5  # of torch's batch normalisation


class Weights(dict):
    """Weights by name as float32; what is asked for and not there is said."""

    def __missing__(self, name):
        raise ValueError(f"The weights hold no “{name}”: they are not of the network that is described.")


def detector(tensors):
    """(N, 1, H, W) -> maps (N, C, H, W) and the encoder's mean features (N, F): a U-Net on a ResNet-34."""
    weights = Weights(tensors)
    encoder = "encoder.model." if "encoder.model.conv1.weight" in weights else "encoder."
    image = ops.parameter(PartialShape([-1, 1, -1, -1]), Type.f32)
    x = ops.relu(_convolution(image, weights, f"{encoder}conv1", f"{encoder}bn1", stride=2))
    features = [x]
    x = ops.max_pool(x, [2, 2], [1, 1], [1, 1], [1, 1], [3, 3]).output(0)
    for layer in range(1, 5):
        for k in range(_count(weights, rf"{re.escape(encoder)}layer{layer}\.(\d+)\.")):
            x = _residual(x, weights, f"{encoder}layer{layer}.{k}", 2 if k == 0 and layer > 1 else 1)
        features.append(x)
    seen = ops.reduce_mean(x, np.array([2, 3]), keep_dims=False)
    skips = features[-2::-1]
    for k in range(_count(weights, r"decoder\.blocks\.(\d+)\.")):
        x = ops.interpolate(
            x, np.array([2.0, 2.0], np.float32), "nearest", "scales", axes=np.array([2, 3]),
            coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        )  # fmt: skip
        if k < len(skips):
            x = ops.concat([x, skips[k]], 1)
        for name in ("conv1", "conv2"):
            x = ops.relu(
                _convolution(x, weights, f"decoder.blocks.{k}.{name}.0", f"decoder.blocks.{k}.{name}.1")
            )
    maps = _biased(_plain(x, weights["segmentation_head.0.weight"]), weights["segmentation_head.0.bias"])
    return Model([maps, seen], [image], "detector")


def featurenet(tensors):
    """(N, 4, 64, 64) -> answers (N, K)."""
    weights = Weights(tensors)
    crops = ops.parameter(PartialShape([-1, weights["stem.0.weight"].shape[1], 64, 64]), Type.f32)
    x = ops.relu(_convolution(crops, weights, "stem.0", "stem.1", stride=2))
    for k in range(_count(weights, r"blocks\.(\d+)\.")):
        name = f"blocks.{k}"
        is_wider = f"{name}.around.0.weight" in weights
        y = ops.relu(_convolution(x, weights, f"{name}.first.0.0", f"{name}.first.0.1", 2 if is_wider else 1))
        y = _convolution(y, weights, f"{name}.second.0", f"{name}.second.1")
        if is_wider:
            x = _convolution(x, weights, f"{name}.around.0", f"{name}.around.1", stride=2)
        x = ops.relu(ops.add(x, y))
    mean = ops.reduce_mean(x, np.array([2, 3]), keep_dims=False)
    answers = ops.matmul(mean, weights["head.weight"], False, True)
    return Model([ops.add(answers, weights["head.bias"][None])], [crops], "featurenet")


def _residual(x, weights, name, stride):
    y = ops.relu(_convolution(x, weights, f"{name}.conv1", f"{name}.bn1", stride))
    y = _convolution(y, weights, f"{name}.conv2", f"{name}.bn2")
    if f"{name}.downsample.0.weight" in weights:
        x = _convolution(x, weights, f"{name}.downsample.0", f"{name}.downsample.1", stride)
    return ops.relu(ops.add(x, y))


def _convolution(x, weights, name, norm, stride=1):
    """A convolution and the batch normalisation after it."""
    scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + EPSILON)
    kernel = weights[f"{name}.weight"] * scale[:, None, None, None]
    return _biased(
        _plain(x, kernel, stride), weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
    )


def _plain(x, kernel, stride=1):
    pad = [side // 2 for side in kernel.shape[2:]]
    return ops.convolution(x, np.ascontiguousarray(kernel), [stride, stride], pad, pad, [1, 1])


def _biased(x, bias):
    return ops.add(x, np.ascontiguousarray(bias[None, :, None, None]))


def _count(weights, pattern):
    """How many numbered parts there are."""
    return max((int(found[1]) for name in weights if (found := re.match(pattern, name))), default=-1) + 1

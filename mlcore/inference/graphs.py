"""Our networks as OpenVINO graphs, made from their weights alone: where they are used, torch need not be.

The same layers as `mlcore/nets`, which training uses; that both give the same is a test. Batch normalisations
are folded into the convolutions before them.
"""

import re

import numpy as np
from openvino import Core, Model, PartialShape, Type
from openvino import opset13 as ops

EPSILON = 1e-5  # of torch's batch normalisation
TAIL = 2e-5  # of values at either end are not counted to a range


class Weights(dict):
    """Weights by name as float32; what is asked for and not there is said.

    `ranges` are the lowest and highest values that reach a convolution, by its name: those that have one work
    in 8 bits. `reached` keeps what reaches each convolution of the graph that is made.
    """

    def __init__(self, tensors, ranges=None):
        super().__init__(tensors)
        self.ranges, self.reached = ranges or {}, {}

    def __missing__(self, name):
        raise ValueError(f"The weights hold no “{name}”: they are not of the network that is described.")


def detector(tensors, ranges=None):
    """(N, 1, H, W) -> maps (N, C, H, W) and the encoder's mean features (N, F): a U-Net on a ResNet-34.

    With `ranges`, as from `ranges_of`, its inner convolutions work in 8 bits.
    """
    return _detector(Weights(tensors, ranges))


def ranges_of(tensors, batches):
    """What reaches the inner convolutions over batches (N, 1, H, W): by name, lowest and highest value.

    The one value in TAIL at either end is left out: a rare highlight would cost all others their precision.
    """
    weights = Weights(tensors)
    model = _detector(weights)
    names = list(weights.reached)[1:]  # the first one sees the frame itself
    probe = Model([ops.result(weights.reached[name]) for name in names], model.get_parameters(), "probe")
    request = Core().compile_model(probe, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()
    seen = {name: [] for name in names}
    for batch in batches:
        request.infer([np.ascontiguousarray(batch, np.float32)])
        for name, one in zip(names, request.output_tensors, strict=True):
            seen[name].append(np.quantile(one.data, (TAIL, 1 - TAIL)))
    return {name: [float(np.min(values, 0)[0]), float(np.max(values, 0)[1])] for name, values in seen.items()}


def _detector(weights):
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
    bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
    weights.reached[name] = x
    return _biased(_plain(x, kernel, stride, weights.ranges.get(name)), bias)


def _plain(x, kernel, stride=1, limits=None):
    pad = [side // 2 for side in kernel.shape[2:]]
    kernel = np.ascontiguousarray(kernel)
    if limits is not None:
        low, high = limits
        if low < 0:  # signed bytes, about 0
            reach = max(-low, high * 128 / 127)
            low, high = -reach, reach * 127 / 128
        x = ops.fake_quantize(x, *(np.float32(one) for one in (low, high, low, high)), 256)
        largest = np.abs(kernel).max(axis=(1, 2, 3), keepdims=True) + np.float32(1e-12)
        kernel = ops.fake_quantize(ops.constant(kernel), -largest, largest, -largest, largest, 255)
    return ops.convolution(x, kernel, [stride, stride], pad, pad, [1, 1])


def _biased(x, bias):
    return ops.add(x, np.ascontiguousarray(bias[None, :, None, None]))


def _count(weights, pattern):
    """How many numbered parts there are."""
    return max((int(found[1]) for name in weights if (found := re.match(pattern, name))), default=-1) + 1

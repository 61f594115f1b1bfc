"""What a training says of the machine it uses."""

import pytest
import torch

from mlcore.services.work import train

IS_THERE = torch.cuda.is_available()


def test_cores_and_memory_are_those_in_use():
    resources = train.Resources()
    sum(k * k for k in range(10**6))
    found = resources()
    assert 0 < found["cores_used"] <= found["cores"] + 0.5
    assert 10**7 < found["memory_bytes"] < found["memory_total_bytes"]
    assert ("gpu" in found) == IS_THERE


@pytest.mark.skipif(IS_THERE, reason="there is a GPU")
def test_a_gpu_that_does_not_tell_how_busy_it_is_stops_nothing():
    assert train._gpu_used() is None


@pytest.mark.gpu
@pytest.mark.skipif(not IS_THERE, reason="there is no GPU")
def test_a_gpu_says_how_busy_it_is():
    found = train.Resources()()
    assert 0 <= found["gpu_used"] <= 100
    assert 0 < found["gpu_memory_bytes"] <= found["gpu_memory_total_bytes"]

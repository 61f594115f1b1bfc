"""The GAN's networks and losses: what is bounded, what is normed, and figures known in closed form."""

import numpy as np
import pytest
import torch
from torch import nn

from mlcore.data.diff_augment import diff_augment
from mlcore.evaluation.kid import kid, nearest
from mlcore.losses.gan import edge_consistency, hinge_discriminator, hinge_generator, level_distance, r1
from mlcore.nets.gan import LATENT, NOISE_MAPS, REACH, _deviation, build_discriminator, build_generator
from mlcore.nets.gan_inputs import MAPS, VECTOR


def inputs(n=2, side=32):
    torch.manual_seed(0)
    maps, noise = torch.rand(n, len(MAPS), side, side), torch.randn(n, NOISE_MAPS, side, side)
    return torch.randn(n, len(VECTOR)), maps, noise


@pytest.mark.parametrize("side", [32, 48])
def test_what_a_refiner_changes_is_bounded(side):
    net = build_generator()
    nn.init.normal_(net.last.weight, std=50)  # far beyond what it could learn
    vector, maps, noise = inputs(side=side)
    change = net(vector, maps, noise) - maps[:, :1]
    assert change.shape == (2, 1, side, side)
    assert 0.9 * REACH < change.abs().max() <= REACH + 1e-5


def test_a_parametric_generator_makes_patches_of_64_px():
    image = build_generator("parametric")(torch.randn(3, len(VECTOR)), noise=torch.randn(3, LATENT))
    assert image.shape == (3, 1, 64, 64)
    assert image.min() >= 0
    assert image.max() <= 1


def test_a_window_is_refined_as_its_frame_is():
    net = build_generator().eval()
    for block in net.modules():
        if isinstance(block, nn.Conv2d) and not block.weight.any():
            nn.init.normal_(block.weight, std=0.1)  # branches begin as nothing, and would hide a difference
    vector, maps, noise = inputs(1, 416)
    with torch.no_grad():
        whole = net(vector, maps, noise)
        part = net(vector, maps[..., :384], noise[..., :384])
    torch.testing.assert_close(part[..., :64], whole[..., :64], rtol=0, atol=1e-5)


def test_bodies_are_those_of_resnet_50():
    generator, discriminator = build_generator(width=1.0), build_discriminator(width=1.0)
    assert [len(stage) for stage in generator.stages] == [3, 6, 4, 3]
    assert len(discriminator.blocks) == 16
    assert [block.halves for block in discriminator.blocks].count(True) == 4
    n = sum(one.numel() for one in discriminator.parameters())
    assert 22e6 < n < 25e6  # ResNet-50 without its last layer has 23.5 million


def test_every_layer_of_the_discriminator_has_spectral_norm():
    layers = [one for one in build_discriminator().modules() if isinstance(one, nn.Conv2d | nn.Linear)]
    assert len(layers) > 50
    assert all(nn.utils.parametrize.is_parametrized(one, "weight") for one in layers)
    assert not any(isinstance(one, nn.BatchNorm2d) for one in build_discriminator().modules())


def test_a_generator_of_one_image_is_told_by_the_deviation():
    assert _deviation(torch.ones(8, 5)).max() < 1e-3
    assert _deviation(torch.randn(8, 5)).min() > 0.1


def test_gradients_reach_every_parameter():
    net, judge = build_generator(), build_discriminator()
    for module in net.modules():
        if isinstance(module, nn.Conv2d) and not module.weight.any():
            nn.init.normal_(module.weight, std=0.1)
    verdict, told = judge(net(*inputs()), torch.ones(2, 11) / 11)
    (verdict.sum() + told.square().sum()).backward()
    for module in (net, judge):
        assert all(one.grad is not None and one.grad.any() for one in module.parameters())


def test_hinge_on_a_truth_table():
    real, made = torch.tensor([2.0, 0.5, -1.0]), torch.tensor([-2.0, 0.0, 3.0])
    assert hinge_discriminator(real, made).item() == pytest.approx((0 + 0.5 + 2) / 3 + (0 + 1 + 4) / 3)
    assert hinge_generator(made).item() == pytest.approx(-1 / 3)


def test_r1_of_a_linear_judge_is_its_slope_squared():
    slope = torch.arange(6.0).view(1, 1, 2, 3)
    images = torch.randn(4, 1, 2, 3, requires_grad=True)
    assert r1((images * slope).sum((1, 2, 3)), images).item() == pytest.approx(55)


def test_edges_where_they_were_cost_nothing():
    image, mask = torch.zeros(1, 1, 32, 32), torch.zeros(1, 1, 32, 32)
    image[..., 8:20, 8:20] = mask[..., 8:20, 8:20] = 1
    lit = 0.5 * image + 0.2
    assert edge_consistency(lit, image, mask).item() == pytest.approx(0, abs=1e-3)
    assert edge_consistency(image.roll(4, 3), image, mask).item() > 0.5
    assert edge_consistency(image, image, torch.zeros_like(mask)).item() == 0
    assert level_distance(image + 0.1, image).item() == pytest.approx(0.1, abs=1e-5)


def test_augmentation_is_the_same_for_the_same_draw_and_lets_gradients_through():
    images = torch.rand(4, 1, 32, 32, requires_grad=True)
    one, again, other = (diff_augment(images, torch.Generator().manual_seed(k)) for k in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert (one == 0).flatten(1).float().mean(1).min() > 0.05  # covered
    one.sum().backward()
    assert images.grad.any()


def test_kid_by_hand_and_unbiased():
    # One feature: kernel (x y + 1)^3. {0, 1} and {1, 1}: 1 + 8 - 2 (1 + 1 + 8 + 8) / 4 = 0.
    assert kid([[0.0], [1.0]], [[1.0], [1.0]]) == pytest.approx(0.0)
    assert kid([[0.0], [0.0]], [[1.0], [1.0]]) == pytest.approx(1 + 8 - 2)
    rng = np.random.default_rng(0)
    draws = [kid(*rng.standard_normal((2, 12, 3))) for _ in range(400)]
    assert abs(np.mean(draws)) < 3 * np.std(draws) / 20
    assert kid(rng.standard_normal((50, 3)), rng.standard_normal((50, 3)) + 1) > 0.5
    with pytest.raises(ValueError, match="at least two images"):
        kid([[0.0]], [[1.0], [2.0]])
    assert nearest(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [6.0, 8.0]])).tolist() == [5.0]

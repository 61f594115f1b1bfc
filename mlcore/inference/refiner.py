"""Refine simulated frames by a trained GAN, and leave as simulated what would no longer fit its label."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch
from scipy import ndimage

from annotations.outline import outline_mask
from mlcore.inference.agreement import agreement
from mlcore.inference.weights import load_into, read_model
from mlcore.nets.gan import MULTIPLE, NOISE_MAPS, build_generator
from mlcore.nets.gan_inputs import grey_range, maps_of, vector_of
from mlcore.simulation.dataset import write_scene
from mlcore.simulation.scene import simulate_maps

PART = "gan"  # of model.json
GENERATOR = "generator.safetensors"
MARGIN_PX = 4  # around a particle that is left as simulated
FADE_PX = 4.0
HIGHEST = 65535


@dataclass(frozen=True)
class Refined:
    """A refined scene; where the measurement of particles (K,) disagreed it is as simulated."""

    scene: object
    is_measured: np.ndarray
    is_rejected: np.ndarray

    @property
    def n_measured(self):
        return int(self.is_measured.sum())

    @property
    def n_rejected(self):
        return int(self.is_rejected.sum())


class Refiner:
    """A GAN's generator in use.

    Raises
    ------
    ValueError
        If the folder holds no refiner, or its files are not what its model.json says.
    """

    def __init__(self, folder):
        self.model = read_model(folder, PART)
        about = self.model.about[PART]
        if about["mode"] != "refiner":
            raise ValueError(
                f"The GAN in “{folder}” makes patches of its own and refines no frames, so their outlines "
                "would not be exact; choose one of mode “refiner”."
            )
        self.net = load_into(
            build_generator(about["mode"], about["width"]), self.model.path(GENERATOR)
        ).eval()

    @property
    def sha256(self):
        return self.model.sha256

    def scene(self, tier, seed, index, size_px):
        """Scene `index` as `simulate` makes it, refined; the same arguments give the same grey levels."""
        scene, maps = simulate_maps(seed, index, tier, size_px)
        return self.refine(scene, maps, [seed, index])

    def refine(self, scene, maps, seed):
        """The residual, in grey levels of the frame, is added except where the measurement disagrees."""
        residual = self._residual(scene, maps, seed)
        low, high = grey_range(scene.image)
        before = scene.image.astype(np.float32)
        residual = residual * (high - low)
        after = _counts(before + residual)
        found = agreement(before, after.astype(np.float32), scene.particles)
        if found.disagrees.any():
            no = [one for one, is_wrong in zip(scene.particles, found.disagrees, strict=True) if is_wrong]
            kept = _weight(no, before.shape)
            after = _counts(before + kept * residual)
        return Refined(replace(scene, image=after), found.is_measured, found.disagrees)

    @torch.inference_mode()
    def _residual(self, scene, maps, seed):
        """(H, W), in the range of grey levels: -0.5 to 0.5."""
        height, width = scene.image.shape
        below, beside = -height % MULTIPLE, -width % MULTIPLE
        inputs = np.pad(maps_of(scene, maps), ((0, 0), (0, below), (0, beside)), mode="reflect")
        rng = np.random.default_rng([*seed, 7])
        noise = rng.standard_normal((1, NOISE_MAPS, *inputs.shape[1:]), dtype=np.float32)
        vector = vector_of(scene.particles, scene.conditions)
        inputs = torch.from_numpy(inputs)[None]
        made = self.net(torch.from_numpy(vector)[None], inputs, torch.from_numpy(noise))
        return (made - inputs[:, :1])[0, 0, :height, :width].numpy()

    def write_frame(self, path, tier, seed, index, size_px):
        """As `simulation.dataset.write_frame`; the COCO image tells by what it was refined, and how much."""
        one = self.scene(tier, seed, index, size_px)
        told = {
            "version": self.model.version, "sha256": self.sha256, "particles_measured": one.n_measured,
            "particles_left_as_simulated": one.n_rejected,
        }  # fmt: skip
        return write_scene(path, one.scene, index, gan=told)


@cache
def _of(folder):
    return Refiner(folder)


def write_frame_by(folder, *arguments):
    """`Refiner.write_frame` of a folder, which a process reads once."""
    return _of(folder).write_frame(*arguments)


def _weight(particles, shape):
    """1 where the residual is kept, 0 on and about particles, fading between (H, W)."""
    mask = np.zeros(shape, bool)
    for one in particles:
        mask |= outline_mask(one.outline, shape[::-1])
    distance = ndimage.distance_transform_edt(~mask)
    return np.clip((distance - MARGIN_PX) / FADE_PX, 0, 1).astype(np.float32)


def _counts(image):
    return np.clip(np.round(image), 0, HIGHEST).astype(np.uint16)

"""Batches for a GAN: patches of simulated scenes with their maps, and patches of real images.

A batch is a function of the seed and its number, so that a training that stopped goes on with what it would
have seen.
"""

import os
from pathlib import Path

import numpy as np

from mlcore.data.examples import load
from mlcore.nets.gan_inputs import MAPS, levels, maps_of, vector_of
from mlcore.simulation.scene import simulate_maps
from mlcore.simulation.tiers import tier as tier_named

ON_PARTICLE = 0.6  # of patches lie about a particle
SCENES_SEED = 70_101  # beside a training's own: no other simulated source uses it


def prepare_scenes(config, folder, on_scene=None):
    """Scenes as GANs need them, in files of a folder; those that are there are left as they are."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index in range(config.scenes):
        path = folder / f"{config.tier}-{config.scene_px}-{config.seed}-{index:04d}.npz"
        if not path.exists():
            _write(path, config, index)
        paths.append(path)
        if on_scene:
            on_scene()
    return paths


def _write(path, config, index):
    side = config.scene_px
    scene, maps = simulate_maps(SCENES_SEED + config.seed, index, tier_named(config.tier), (side, side))
    usable = [one for one in scene.particles if not one.is_truncated]
    centres = np.array([(one.outline.min(0) + one.outline.max(0)) / 2 for one in scene.particles])
    part = path.with_suffix(".part.npz")
    np.savez(
        part, maps=maps_of(scene, maps), centres=centres.reshape(-1, 2),
        sizes=np.array([one.ecd_px for one in scene.particles]),
        is_whole=np.array([any(one is other for other in usable) for one in scene.particles], bool),
        vectors=np.array([vector_of([one], scene.conditions) for one in scene.particles], np.float32),
        empty=vector_of([], scene.conditions),
    )  # fmt: skip
    os.replace(part, path)


class GanBatches:
    """`batches[step]` is a dict: maps (N, 4, S, S) and vectors (N, V) simulated, real (N, 1, S, S).

    In mode "parametric" every simulated patch has one whole particle in its middle whose vector it has.

    Parameters
    ----------
    scenes : sequence of Path
        As from `prepare_scenes`.
    real : sequence of Path
        Examples (`mlcore/data/examples.py`), of which only the images are used.
    """

    def __init__(self, config, scenes, real):
        self.config = config
        self.scenes = [_stored(path) for path in scenes]
        self.real = [one for one in map(_real, real) if min(one.shape) >= config.patch_px]
        if not self.real:
            raise ValueError(f"No real image is {config.patch_px} px wide and high; choose smaller patches.")
        if config.mode == "parametric":
            self.centred = [
                (k, j) for k, one in enumerate(self.scenes) for j in range(len(one["centres"]))
                if one["is_whole"][j] and one["sizes"][j] <= 0.8 * config.patch_px
                and _fits(one["centres"][j], config.patch_px, config.scene_px)
            ]  # fmt: skip
            if not self.centred:
                raise ValueError("No simulated particle fits into a patch; simulate more scenes.")

    def __getitem__(self, step):
        rng = np.random.default_rng([self.config.seed, step])
        n, side = self.config.batch_size, self.config.patch_px
        simulated = [self.simulated(rng, side) for _ in range(n)]
        real = [_patch(rng, self.real[rng.integers(len(self.real))], side) for _ in range(n)]
        return {
            "maps": np.stack([one for one, _ in simulated]),
            "vectors": np.stack([vector for _, vector in simulated]),
            "real": np.stack(real)[:, None],
        }

    def simulated(self, rng, side):
        """(maps, vector) of one patch of a simulated scene."""
        if self.config.mode == "parametric":
            k, j = self.centred[rng.integers(len(self.centred))]
            scene = self.scenes[k]
            left, top = np.round(scene["centres"][j] - side / 2).astype(int)
            vector = scene["vectors"][j]
        else:
            scene = self.scenes[rng.integers(len(self.scenes))]
            left, top = self._corner(rng, scene, side)
            inside = ((scene["centres"] >= [left, top]) & (scene["centres"] < [left + side, top + side])).all(
                1
            )
            vector = scene["vectors"][inside].mean(0) if inside.any() else scene["empty"]
        maps = scene["maps"][:, top : top + side, left : left + side]
        turns, is_flipped = rng.integers(4), rng.random() < 0.5
        maps = np.rot90(maps, turns, (1, 2))
        return np.ascontiguousarray(maps[..., ::-1] if is_flipped else maps), vector

    def _corner(self, rng, scene, side):
        most = scene["maps"].shape[1] - side
        if len(scene["centres"]) and rng.random() < ON_PARTICLE:
            about = scene["centres"][rng.integers(len(scene["centres"]))]
            corner = about - rng.uniform(0.2, 0.8, 2) * side
            return np.clip(np.round(corner), 0, most).astype(int)
        return rng.integers(most + 1, size=2)


def patches(paths, side, n, seed=0):
    """Patches (n, side, side) of examples' images, the same for the same seed; fewer images repeat."""
    images = [one for one in map(_real, paths) if min(one.shape) >= side]
    rng = np.random.default_rng([seed, 1])
    found = [_patch(rng, images[k % len(images)], side) for k in range(n)] if images else []
    return np.stack(found) if found else np.zeros((0, side, side), np.float32)


def _stored(path):
    with np.load(path) as stored:
        return dict(stored)


def _real(path):
    return levels(load(path).image)


def _patch(rng, image, side):
    """A patch with something in it, if a few tries find one: most of many micrographs is film."""
    best = None
    for _ in range(2):
        top, left = (int(rng.integers(length - side + 1)) for length in image.shape)
        patch = image[top : top + side, left : left + side]
        if best is None or patch.std() > best.std():
            best = patch
    patch = np.rot90(best, rng.integers(4))
    return np.ascontiguousarray(patch[:, ::-1] if rng.random() < 0.5 else patch)


def _fits(centre, side, scene_px):
    corner = np.round(centre - side / 2)
    return bool((corner >= 0).all() and (corner + side <= scene_px).all())


assert MAPS[0] == "image"  # to which the residual is added

"""How good a GAN is: distance to real patches with references, what was asked for, what is known by heart."""

import numpy as np
import torch
from scipy import ndimage
from skimage.filters import threshold_otsu

from mlcore.data.gan_batches import SCENES_SEED, patches
from mlcore.evaluation.kid import Extractor, kid, nearest
from mlcore.inference.agreement import measured
from mlcore.nets.gan import LATENT
from mlcore.nets.gan_inputs import CONTINUOUS, levels
from mlcore.simulation.scene import simulate_maps
from mlcore.simulation.tiers import tier as tier_named

PATCHES = 128
FRAMES, FRAME_PX = 6, 192
FIRST_FRAME = 1_000_000  # none of these was learnt from
BLUR_PX, NOISE = 3.0, 0.15
LEAST_FOR_SLOPE = 5


def refiner_figures(refiner, config, train, held_out, beat=lambda: None, extractor=None):
    """Figures of a refiner, a dict of name to number or None.

    `kid` and `kid_sim`, `kid_noise` (blurred noise) are distances to held-out real patches where there are
    any, else to those of the training; `kid_real` that of two halves of real ones: the least there is.

    Parameters
    ----------
    refiner : Refiner
    train, held_out : sequence of Path
        Examples with real images.
    """
    plain, refined, requested, found, at_first = [], [], [], [], []
    n_measured = n_rejected = 0
    for index in range(FIRST_FRAME, FIRST_FRAME + FRAMES):
        scene, maps = simulate_maps(SCENES_SEED, index, tier_named(config.tier), (FRAME_PX, FRAME_PX))
        one = refiner.refine(scene, maps, [config.seed, index])
        n_measured, n_rejected = n_measured + one.n_measured, n_rejected + one.n_rejected
        plain.append(levels(scene.image))
        refined.append(levels(one.scene.image))
        some = [
            particle for particle, yes in zip(scene.particles, one.is_measured, strict=True) if yes
        ]  # fmt: skip
        outlines = [particle.outline for particle in some]
        requested += [particle.ecd_px for particle in some]
        found += measured(one.scene.image, outlines)[:, 0].tolist()
        at_first += measured(scene.image, outlines)[:, 0].tolist()
        beat()
    side, rng = config.patch_px, np.random.default_rng(config.seed)
    made, simulated = (_cut(frames, side, PATCHES, np.random.default_rng(config.seed))
                       for frames in (refined, plain))  # fmt: skip
    figures = _distances(made, simulated, config, train, held_out, rng, beat, extractor)
    figures |= _conditioning(np.array(requested), np.array(found))
    of_simulated = _conditioning(np.array(requested), np.array(at_first))
    figures |= {f"{name}_sim": of_simulated[name] for name in ("diameter_mae_px", "diameter_slope")}
    figures["measured"] = n_measured
    figures["rejection_rate"] = n_rejected / n_measured if n_measured else None
    return figures


def parametric_figures(generator, config, batches, train, held_out, beat=lambda: None, extractor=None):
    """Figures of a parametric GAN, as of a refiner; diameters are measured on its patches."""
    rng = np.random.default_rng([config.seed, 3])
    simulated, vectors = (np.stack(one) for one in zip(
        *(batches.simulated(rng, config.patch_px) for _ in range(PATCHES)), strict=True
    ))  # fmt: skip
    made = make_patches(generator, vectors, config.seed)
    beat()
    figures = _distances(made, simulated[:, 0], config, train, held_out, rng, beat, extractor)
    column = list(CONTINUOUS).index("log_ecd_px")
    middle, spread = CONTINUOUS["log_ecd_px"]
    requested = np.exp(vectors[:, column] * spread + middle)
    found = np.array([central_diameter(one) for one in made])
    return figures | _conditioning(requested, found)


@torch.inference_mode()
def make_patches(generator, vectors, seed):
    """Patches (N, S, S) of a parametric generator."""
    draw = torch.Generator().manual_seed(seed)
    noise = torch.randn((len(vectors), LATENT), generator=draw)
    return generator.eval()(torch.from_numpy(vectors), noise=noise)[:, 0].numpy()


def central_diameter(patch):
    """Equivalent diameter in px of what stands out in the middle of a patch (S, S); NaN without any."""
    smooth = ndimage.gaussian_filter(patch, 1.0)
    away = np.abs(smooth - np.median(np.concatenate([smooth[[0, -1]].ravel(), smooth[:, [0, -1]].ravel()])))
    if away.max() - away.min() < 1e-6:
        return np.nan
    labels, n = ndimage.label(away > threshold_otsu(away))
    middle = len(patch) // 2
    near = labels[middle - 4 : middle + 4, middle - 4 : middle + 4]
    number = np.bincount(near[near > 0], minlength=n + 1).argmax() if (near > 0).any() else 0
    return float(2 * np.sqrt((labels == number).sum() / np.pi)) if number else np.nan


def _distances(made, simulated, config, train, held_out, rng, beat, extractor):
    side, look = config.patch_px, extractor or Extractor()
    learnt = patches(train, side, 2 * PATCHES, seed=config.seed)
    other = patches(held_out, side, PATCHES, seed=config.seed + 1)
    is_held_out = len(other) > 1
    real = other if is_held_out else learnt[::2]
    noise = ndimage.gaussian_filter(rng.standard_normal((len(made), side, side)), (0, BLUR_PX, BLUR_PX))
    noise = 0.5 + NOISE * noise / noise.std()
    seen = {}
    for name, some in {
        "made": made,
        "simulated": simulated,
        "real": real,
        "learnt": learnt,
        "noise": noise,
    }.items():
        seen[name] = look(some)
        beat()
    spread = float(np.linalg.norm(seen["real"].std(0))) or 1.0
    figures = {
        "kid": kid(seen["made"], seen["real"]),
        "kid_real": kid(seen["real"][::2], seen["real"][1::2]),
        "kid_sim": kid(seen["simulated"], seen["real"]),
        "kid_noise": kid(seen["noise"], seen["real"]),
        "patches": len(made),
        "nearest_made": float(np.mean(nearest(seen["made"], seen["learnt"]))) / spread,
        "nearest_real": None,
    }  # fmt: skip
    if is_held_out:
        figures["nearest_real"] = float(np.mean(nearest(seen["real"], seen["learnt"]))) / spread
    return {**figures, "extractor_sha256": look.sha256}


def _conditioning(requested, found):
    known = np.isfinite(found)
    figures = {"diameter_mae_px": None, "diameter_slope": None, "sized": int(known.sum())}
    if known.sum() >= LEAST_FOR_SLOPE and np.ptp(requested[known]) > 0:
        figures["diameter_mae_px"] = float(np.abs(found - requested)[known].mean())
        figures["diameter_slope"] = float(np.polyfit(requested[known], found[known], 1)[0])
    return figures


def _cut(frames, side, n, rng):
    found = []
    for k in range(n):
        frame = frames[k % len(frames)]
        top, left = (int(rng.integers(length - side + 1)) for length in frame.shape)
        found.append(frame[top : top + side, left : left + side])
    return np.stack(found)

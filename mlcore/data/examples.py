"""Labelled frames as networks learn from them: an image and outlines, whatever the truth was drawn as."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

KINDS = ("nanoparticle", "carbon nanotube", "polymer aggregate")


@dataclass(frozen=True)
class Example:
    """A frame (H, W) and its particles.

    `outlines` are (V, 2) in pixels, later ones on top; `kinds` index KINDS; `is_ignored` marks what neither
    counts as a particle nor as background (too faint to be seen, or a thing nobody labelled); `group` is the
    specimen or scene that must stay on one side of a split. `sizes` (K, 3) are the whole particle's ECD in
    pixels, aspect ratio and roundness, NaN where not known, `is_truncated` (K,) what the frame cuts; where
    a source does not tell them both are None, and the outlines themselves are measured. `boxes` (B, 4), x, y,
    width, height, are further particles of which nothing else is known.
    """

    name: str
    image: np.ndarray
    outlines: list
    kinds: np.ndarray
    is_ignored: np.ndarray
    group: str
    pixel_size_nm: float | None = None
    is_box_only: bool = False
    sizes: np.ndarray | None = None
    is_truncated: np.ndarray | None = None
    boxes: np.ndarray | None = None

    @property
    def ecd_px(self):
        """Equivalent circular diameters (K,) of what is visible."""
        return np.array([2 * np.sqrt(_area(one) / np.pi) for one in self.outlines])


def save(example, path):
    """One compressed file an example."""
    lengths = np.array([len(one) for one in example.outlines], np.int64)
    points = np.concatenate(example.outlines) if example.outlines else np.zeros((0, 2))
    about = {
        "name": example.name, "group": example.group, "pixel_size_nm": example.pixel_size_nm,
        "is_box_only": example.is_box_only,
    }  # fmt: skip
    known = {
        "sizes": (example.sizes, np.float64), "is_truncated": (example.is_truncated, bool),
        "boxes": (example.boxes, np.float64),
    }  # fmt: skip
    known = {name: np.asarray(value, kind) for name, (value, kind) in known.items() if value is not None}
    np.savez(
        path, image=example.image, points=points.astype(np.float32), lengths=lengths,
        kinds=np.asarray(example.kinds, np.int8), is_ignored=np.asarray(example.is_ignored, bool),
        about=np.array(json.dumps(about)), **known,
    )  # fmt: skip


def load(path):
    """What `save` wrote."""
    with np.load(Path(path), allow_pickle=False) as stored:
        ends = np.cumsum(stored["lengths"])[:-1]
        outlines = np.split(stored["points"].astype(np.float64), ends) if len(stored["lengths"]) else []
        about = json.loads(str(stored["about"]))
        known = {name: stored[name] for name in ("sizes", "is_truncated", "boxes") if name in stored.files}
        return Example(
            image=stored["image"], outlines=outlines, kinds=stored["kinds"], is_ignored=stored["is_ignored"],
            **about, **known,
        )  # fmt: skip


def of_scene(scene, name):
    """A simulated scene as an example; what nobody could see is ignored."""
    from mlcore.simulation.dataset import VISIBLE_ECD_PX, VISIBLE_ROSE

    faint = [one.rose_number < VISIBLE_ROSE or one.ecd_px < VISIBLE_ECD_PX for one in scene.particles]
    return Example(
        name=name,
        image=scene.image,
        outlines=[one.visible for one in scene.particles],
        kinds=np.array([KINDS.index(one.label) for one in scene.particles], np.int8),
        is_ignored=np.array(faint, bool),
        group=name,
        pixel_size_nm=scene.pixel_size_nm,
        sizes=np.reshape([(one.ecd_px, one.aspect_ratio, one.roundness) for one in scene.particles], (-1, 3)),
        is_truncated=np.array([one.is_truncated for one in scene.particles], bool),
    )


def _area(outline):
    x, y = outline.T
    return abs(0.5 * float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))

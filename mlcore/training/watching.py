"""How good a network is on its way, on the same few frames each time: figures, and pictures for people."""

import io

import numpy as np
import torch
from PIL import Image, ImageDraw

from mlcore.data.crops import Crops, collated
from mlcore.data.examples import load
from mlcore.data.feature_batches import plain
from mlcore.data.feature_crops import UNIT
from mlcore.data.feature_shards import loaded
from mlcore.data.sampling import CANONICAL_PX, normalised, resampled
from mlcore.evaluation.evaluate import IOU, pair
from mlcore.evaluation.frames import make_frame
from mlcore.evaluation.scores import Score
from mlcore.inference.decode import instances
from mlcore.inference.tiling import predicted
from mlcore.losses.detector import detector_loss
from mlcore.nets.channels import CHANNELS
from mlcore.nets.detector import build_detector
from mlcore.nets.featurenet import build_featurenet
from mlcore.training.featurenet import loss_of

CROPS, FRAMES, PICTURES = 8, 6, 3
CROP_SEED = 70_001  # of the crops that are looked at: no training draws the same
WINDOW_PX = 512  # of a canonical frame, a side at most
ZOOM_LIMITS = (0.25, 2.0)
TRUE, FOUND = (86, 180, 233), (230, 159, 0)  # Okabe and Ito's sky blue and orange
FAINT = (150, 150, 150)
TILE_PX, TILES = 128, 12
MARGIN_PX = 18


class DetectorWatch:
    """Called with a detector's weights: loss, precision, recall and F1 on validation frames, and pictures.

    Parameters
    ----------
    paths : sequence of Path
        Validation examples; some of them are looked at, evenly chosen.
    """

    def __init__(self, config, paths, device="cpu"):
        self.net, self.device = build_detector(config.width).to(device), device
        chosen = np.unique(np.linspace(0, len(paths) - 1, min(FRAMES, len(paths))).round().astype(int))
        crops = Crops([(1.0, paths)], crop_px=config.crop_px, seed=CROP_SEED, length=CROPS)
        self.crops = [collated([crops[k]])[:3] for k in range(CROPS)]
        self.views = [_view(load(paths[k])) for k in chosen.tolist()]

    @torch.inference_mode()
    def __call__(self, weights):
        """(figures, list of (name, PNG))."""
        self.net.load_state_dict(weights)
        self.net.eval()
        losses = []
        for crop, maps, weight in self.crops:
            logits = self.net(crop.to(self.device))
            losses.append(float(detector_loss(logits, maps.to(self.device), weight.to(self.device))[0]))
        score, pictures = Score(0, 0, 0), []
        for name, frame, true, outlines, faint in self.views:
            found = instances(self._maps(frame))
            seen = make_frame(name, [one.box for one in found])
            score += pair(true, seen, IOU).score
            if len(pictures) < PICTURES:
                pictures.append((name, picture(frame, outlines, [one.outline for one in found], faint)))
        figures = {"loss": float(np.mean(losses)), "f1": score.f1}
        return figures | {"precision": score.precision, "recall": score.recall}, pictures

    def _maps(self, frame):
        logits = predicted(frame, self._run, len(CHANNELS))
        return {
            name: one if name == "log_ecd" else 1 / (1 + np.exp(-one))
            for name, one in zip(CHANNELS, logits, strict=True)
        }

    def _run(self, batch):
        return self.net(torch.from_numpy(batch.astype(np.float32)).to(self.device)).cpu().numpy()


class FeatureNetWatch:
    """Called with a FeatureNet's weights: its loss and error of size on held-out particles, and a picture."""

    def __init__(self, config, paths, device="cpu"):
        self.net, self.device = build_featurenet(config.mode).to(device), device
        shards = [loaded(str(path)) for path in paths]
        self.batches = [plain(one) for one in shards if one.outlines][:FRAMES]

    @torch.inference_mode()
    def __call__(self, weights):
        """(figures, list of (name, PNG))."""
        if not self.batches:
            return {}, []
        self.net.load_state_dict(weights)
        self.net.eval()
        out = [self.net(torch.from_numpy(one["crops"]).to(self.device)) for one in self.batches]
        losses = [float(loss_of(a, b, "ours")[0]) for a, b in zip(out, self.batches, strict=True)]
        answered = torch.cat(out).cpu().numpy()
        batch = {name: np.concatenate([one[name] for one in self.batches]) for name in self.batches[0]}
        found, true = batch["found"][:, 0], np.where(batch["is_sized"], batch["true"][:, 0], np.nan)
        said = found * np.exp(answered[:, 0] * UNIT)
        figures = {"loss": float(np.mean(losses))}
        if np.isfinite(true).any():
            figures["size_error"] = float(np.nanmedian(np.abs(said - true) / true))
            figures["outline_error"] = float(np.nanmedian(np.abs(found - true) / true))
        return figures, [("particles", sheet(batch["crops"][:, 0], said, true))]


def _view(example):
    """(name, frame (H, W), its true particles, their outlines, those of what nobody is asked to find).

    At the scale that is usual in training.
    """
    seen = example.ecd_px[~np.asarray(example.is_ignored, bool)] if len(example.outlines) else np.array([])
    if example.boxes is not None:
        seen = np.concatenate([seen, np.sqrt(example.boxes[:, 2] * example.boxes[:, 3])])
    zoom = CANONICAL_PX / np.median(seen) if len(seen) else 1.0
    frame, zoom_xy = resampled(example.image, float(np.clip(zoom, *ZOOM_LIMITS)))
    frame = normalised(frame)
    corner = np.array([max(side - WINDOW_PX, 0) // 2 for side in frame.shape[::-1]])
    frame = frame[corner[1] : corner[1] + WINDOW_PX, corner[0] : corner[0] + WINDOW_PX]
    size = np.array(frame.shape[::-1])
    outlines = [one * zoom_xy - corner for one in example.outlines]
    ignored = [*np.asarray(example.is_ignored, bool).tolist()]
    boxes = [[*one.min(0), *np.ptp(one, axis=0)] for one in outlines]
    alone = np.zeros((0, 4)) if example.boxes is None else example.boxes
    boxes += (alone * np.tile(zoom_xy, 2) - np.array([*corner, 0, 0])).tolist()
    ignored += [False] * len(alone)
    boxes = np.array(boxes, float).reshape(-1, 4)
    low, high = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    is_there = (high > 0).all(1) & (low < size).all(1)
    is_cut = (low < 0).any(1) | (high > size).any(1)
    true = make_frame(example.name, boxes[is_there], is_ignored=(np.array(ignored, bool) | is_cut)[is_there])
    counted = [one for one, is_faint in zip(outlines, example.is_ignored, strict=True) if not is_faint]
    faint = [one for one, is_faint in zip(outlines, example.is_ignored, strict=True) if is_faint]
    return example.name, frame, true, counted, faint


def picture(frame, true, found, faint=()):
    """PNG of a frame: true outlines in blue, those too faint to count in grey, what was found in orange."""
    image = _grey(frame).convert("RGB")
    draw = ImageDraw.Draw(image)
    for outlines, color, width in ((faint, FAINT, 1), (true, TRUE, 3), (found, FOUND, 1)):
        for one in outlines:
            draw.line([tuple(point) for point in np.vstack([one, one[:1]])], fill=color, width=width)
    return _png(image)


def sheet(crops, said, true):
    """PNG of crops (N, S, S) of particles with the diameters that the network says, and the true if known."""
    n = min(TILES, len(crops))
    columns = min(4, n)
    rows = -(-n // columns)
    image = Image.new("RGB", (columns * TILE_PX, rows * (TILE_PX + MARGIN_PX)), "white")
    draw = ImageDraw.Draw(image)
    for k in range(n):
        left, top = k % columns * TILE_PX, k // columns * (TILE_PX + MARGIN_PX)
        image.paste(_grey(crops[k]).resize((TILE_PX, TILE_PX), Image.Resampling.BICUBIC), (left, top))
        known = f", true {true[k]:.1f}" if np.isfinite(true[k]) else ""
        draw.text((left + 3, top + TILE_PX + 2), f"{said[k]:.1f} px{known}", fill="black")
    return _png(image)


def tiles(patches, columns=4):
    """PNG of patches (N, S, S) in grey levels from 0 to 1, side by side, all by the same light."""
    side = len(patches[0])
    n = len(patches)
    sheet = np.ones((-(-n // columns) * (side + 2), min(columns, n) * (side + 2)), np.float32)
    for k, one in enumerate(patches):
        top, left = k // columns * (side + 2), k % columns * (side + 2)
        sheet[top : top + side, left : left + side] = one
    image = Image.fromarray((255 * np.clip(sheet, 0, 1)).astype(np.uint8))
    return _png(image.resize((image.width * 2, image.height * 2), Image.Resampling.NEAREST))


def _grey(frame):
    low, high = np.percentile(frame, (0.5, 99.5))
    return Image.fromarray((255 * np.clip((frame - low) / max(high - low, 1e-6), 0, 1)).astype(np.uint8))


def _png(image):
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()

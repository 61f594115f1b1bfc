"""MRC, of microscopes and of reconstructions: each section is a frame, in the file's order of rows.

mrcfile reads the pixels (it knows signed bytes and the FEI header); RosettaSciIO reads the pixel size too.
"""

import mrcfile
import numpy as np

from annotations.instruments import axes, rosetta
from annotations.instruments.fields import only_known
from annotations.instruments.recording import Recording, Refusal

READER, SECOND, THIRD = "RosettaSciIO (MRC)", "mrcfile", "mrcfile (FEI header)"
IMOD_STAMP, UNSIGNED_BYTES = 1146047817, 1
MODES = {0: 1, 1: 2, 2: 4, 6: 2, 12: 2}  # bytes a pixel


def read(path, name, limits):
    with mrcfile.open(path, permissive=True, header_only=True) as file:
        header, extended = file.header, file.indexed_extended_header if _is_fei(file.header) else None
        width, height, n_frames = int(header.nx), int(header.ny), int(header.nz)
        mode = int(header.mode)
        if mode in (3, 4):
            raise Refusal(f"“{name}” holds complex numbers (a Fourier transform), not an image.")
        if mode not in MODES:
            raise Refusal(
                f"“{name}” is an MRC file of mode {mode}, which is not read here; export as mode 2."
            )
        if int(header.ispg) == 401 or (int(header.mz) not in (0, 1, n_frames) and int(header.ispg) > 400):
            raise Refusal(f"“{name}” is a stack of volumes, not of images; export one volume.")
        limits.check_stack(n_frames, height, width)
        needed = 1024 + int(header.nsymbt) + width * height * n_frames * MODES[mode]
        if path.stat().st_size < needed:
            raise Refusal(f"“{name}” breaks off: it should have {needed:,} bytes; please copy it again.")
        recording = Recording(
            frames=_frames(path, _is_unsigned(header)),
            n_frames=n_frames,
            reader=SECOND,
            metadata={"header": _header(header), "labels": [str(label) for label in file.get_labels()]},
        )
        _add_readings(recording, path, header, extended)
    if n_frames > 1 and int(header.ispg) >= 1:
        recording.notes.append("The file holds a volume; its sections are the frames.")
    return recording


def _frames(path, is_unsigned):
    with mrcfile.mmap(path, permissive=True) as file:
        data = file.data if file.data.ndim == 3 else file.data.reshape(1, *file.data.shape)
        for section in data:
            yield section.view(np.uint8) if is_unsigned else section


def _is_unsigned(header):
    """Mode 0 is signed since MRC2014; IMOD says in its own flag when it wrote unsigned bytes."""
    stamp, flags = np.frombuffer(
        header.extra2.tobytes()[:8] if "extra2" in header.dtype.names else b"\0" * 8, "<i4"
    )
    return int(header.mode) == 0 and stamp == IMOD_STAMP and not flags & UNSIGNED_BYTES


def _is_fei(header):
    return bytes(header.exttyp) in (b"FEI1", b"FEI2") and int(header.nsymbt) > 0


def _add_readings(recording, path, header, extended):
    order = [int(header.mapc), int(header.mapr)]
    size = [_spacing(header, axis) for axis in order]
    if any(value is None for value in size):
        return
    if all(value == 1.0 for value in size) and extended is None:
        recording.notes.append("The header's 1 Å per pixel is what MRC writers put where they know none.")
        return
    if order == [1, 2]:  # RosettaSciIO takes columns for x whatever the header says
        recording.readings += _rosetta_readings(path)
    second = axes.judge(
        (size[0], "Å"),
        (size[1], "Å"),
        reader=SECOND,
        detail="cell divided by intervals in the header",
        is_second=bool(recording.readings),
    )
    recording.readings += second.readings
    recording.notes += [second.note] if second.note else []
    if extended is not None:
        _add_fei(recording, extended)


def _spacing(header, axis):
    """Å per pixel along axis 1 (x), 2 (y) or 3 (z); None where the header has no cell."""
    name = "xyz"[axis - 1] if axis in (1, 2, 3) else "x"
    cell, intervals = float(header.cella[name]), int(header[f"m{name}"])
    return cell / intervals if cell > 0 and intervals > 0 else None


def _rosetta_readings(path):
    try:
        y, x = rosetta.signals("mrc", path)[0]["axes"][-2:]
    except MemoryError:
        raise
    except Exception:
        return []
    return axes.judge((x["scale"], x["units"]), (y["scale"], y["units"]), reader=READER).readings


def _add_fei(recording, extended):
    """FEI's header has one entry a frame: pixel size in m, voltage in V, time in s."""
    found = []
    for index, entry in enumerate(extended[: recording.n_frames]):
        x, y = float(entry["Pixel size X"]), float(entry["Pixel size Y"])
        if x > 0 and y > 0:
            verdict = axes.judge((x, "m"), (y, "m"), reader=THIRD, frame_index=index, is_second=True)
            found += verdict.readings
    recording.readings += axes.same_for_all(found, recording.n_frames)
    if len(extended):
        first = extended[0]
        names = first.dtype.names
        recording.fields = only_known(
            {
                "voltage_kv": float(first["HT"]) / 1000 or None if "HT" in names else None,
                "exposure_s": float(first["Integration time"]) or None
                if "Integration time" in names
                else None,
                "magnification": float(first["Magnification"]) or None if "Magnification" in names else None,
                "instrument": _text(first["Microscope type"]) if "Microscope type" in names else "",
                "detector": _text(first["Camera name"]) if "Camera name" in names else "",
            }
        )


def _text(value):
    return bytes(value).split(b"\0", 1)[0].decode("latin-1").strip()


def _header(header):
    return {
        name: header[name].tolist()
        for name in header.dtype.names
        if name not in ("label", "extra1", "extra2")
    }

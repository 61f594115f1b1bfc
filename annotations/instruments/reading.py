"""Open any file: look at its first bytes, let its family's reader open it, hold what comes to the limits."""

import importlib
import warnings
from pathlib import Path

from annotations.instruments.metadata import bounded
from annotations.instruments.pixels import plain
from annotations.instruments.recording import Limits, Recording, Refusal
from annotations.instruments.sniff import HEAD_BYTES, family_of

FAMILIES = {
    "raster": "annotations.instruments.raster",
    "tiff": "annotations.instruments.tiff",
    "hdf5": "annotations.instruments.hdf5",
    "gzip": "annotations.instruments.packed",
    "bzip2": "annotations.instruments.packed",
    "ser": "annotations.instruments.ser",
    "emi": "annotations.instruments.emi",
    "dm": "annotations.instruments.dm",
    "mrc": "annotations.instruments.mrc",
}


def read(path, *, name=None, limits=None) -> Recording:
    """Open an instrument file.

    Parameters
    ----------
    path : path-like
        The file; its name is not looked at.
    name : str, optional
        What people call it, for sentences; never trusted. By default the path's name.
    limits : Limits, optional

    Returns
    -------
    Recording
        Its frames are read while they are asked for; that too may raise Refusal.

    Raises
    ------
    Refusal
        One sentence on why the file cannot become an image.
    """
    path, limits = Path(path), limits or Limits()
    name = name or path.name
    limits.check_file(path.stat().st_size)
    with warnings.catch_warnings():
        # Readers warn of odd files; what matters of that is in the recording.
        warnings.simplefilter("ignore")
        try:
            recording = read_plain(path, name, limits)
        except (Refusal, MemoryError):
            raise
        except Exception as error:
            raise Refusal(damaged(name)) from error
    recording.metadata = bounded(recording.metadata, limits.metadata_bytes)
    recording.frames = _checked(recording.frames, recording.n_frames, limits, name)
    return recording


def read_plain(path, name, limits):
    """What the family's reader makes of a file, not yet held to the limits."""
    with path.open("rb") as file:
        family = family_of(file.read(HEAD_BYTES), name)
    return importlib.import_module(FAMILIES[family]).read(path, name, limits)


def _checked(frames, n_frames, limits, name):
    """The frames in their kept form; refuses what the header did not promise."""
    done = 0
    frames = iter(frames)
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                frame = plain(next(frames))
            except StopIteration:
                break
            except (Refusal, MemoryError):
                raise
            except Exception as error:
                raise Refusal(
                    f"“{name}” breaks off or is damaged in frame {done + 1} of {n_frames}; "
                    "please export or copy it again."
                ) from error
        limits.check_frame(*frame.shape)
        done += 1
        yield frame
    if done != n_frames:
        raise Refusal(f"“{name}” promises {n_frames} frames but holds {done}; please copy it again.")


def damaged(name):
    return f"“{name}” is damaged or breaks off: no reader can open it; please export or copy it again."

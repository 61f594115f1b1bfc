"""Names on a command line to files: files, folders, and patterns that the shell left alone."""

import glob
from pathlib import Path

# In a folder only what may be a micrograph is tried; a file that is named is tried whatever it is called.
SUFFIXES = {
    ".dm3", ".dm4", ".dm5", ".emd", ".emi", ".ser", ".h5", ".hdf5", ".hspy", ".nxs", ".mrc", ".mrcs", ".map",
    ".rec", ".st", ".ali", ".gz", ".bz2", ".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp", ".gif",
}  # fmt: skip


def input_files(names):
    """Files to read and sentences on what is none.

    Returns
    -------
    files : list of Path
        Each once, in the order given; a folder's own by name, those of its folders too.
    complaints : list of str
    """
    files, complaints = [], []
    for name in names:
        path = Path(name)
        if path.is_dir():
            inside = sorted(one for one in path.rglob("*") if one.is_file() and _may_be_image(one, path))
            files += _without_pairs(inside)
            if not inside:
                complaints.append(f"“{name}” is a folder without any image file.")
        elif path.exists():
            files.append(path)
        elif found := sorted(Path(one) for one in glob.glob(name) if Path(one).is_file()):
            files += found
        else:
            complaints.append(f"“{name}” does not exist.")
    return list(dict.fromkeys(files)), complaints


def _may_be_image(path, folder):
    is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.suffix.lower() in SUFFIXES and not is_hidden


def _without_pairs(files):
    """Of an EMI and its SER files only the latter: they hold the images."""
    ser = {path.with_suffix("").name.lower() for path in files if path.suffix.lower() == ".ser"}
    has_ser = {name.rsplit("_", 1)[0] for name in ser} | ser
    return [path for path in files if path.suffix.lower() != ".emi" or path.stem.lower() not in has_ser]

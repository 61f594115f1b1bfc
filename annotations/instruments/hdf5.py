"""HDF5 of any kind: first that it keeps to itself, then whose it is (Velox, Berkeley EMD, DM5, or plain)."""

import h5py

from annotations.instruments import dm5, emd, hdf5_plain
from annotations.instruments.recording import Refusal

MAX_OBJECTS = 50_000


def read(path, name, limits):
    with h5py.File(path, "r") as file:
        check_stays_inside(file, name)
        if "ImageList" in file and "DocumentObjectList" in file:
            reader = dm5
        elif emd.is_emd(file):
            reader = emd
        else:
            reader = hdf5_plain
    return reader.read(path, name, limits)


def check_stays_inside(file, name):
    """Refuse a file that shows other files' content as its own: links out of it, external or virtual data.

    HDF5 would follow them on our disk, with our permissions.
    """
    outside = Refusal(f"“{name}” points to other files; please save it with all its data inside.")
    seen, waiting, count = set(), [file], 0
    while waiting:
        group = waiting.pop()
        for key in group:
            count += 1
            if count > MAX_OBJECTS:
                raise Refusal(
                    f"“{name}” has more than {MAX_OBJECTS:,} entries; please export the images alone."
                )
            link = group.get(key, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                raise outside
            item = group.get(key)
            if isinstance(item, h5py.Dataset):
                if item.is_virtual or item.external:
                    raise outside
            elif isinstance(item, h5py.Group):
                address = h5py.h5o.get_info(item.id).addr
                if address not in seen:
                    seen.add(address)
                    waiting.append(item)

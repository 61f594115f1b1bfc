"""What a file is, by its content. The name only breaks ties that the content leaves open."""

import struct

from annotations.instruments.recording import Refusal

HEAD_BYTES = 4096
_MAGICS = [
    (b"\x89PNG\r\n\x1a\n", "raster"),
    (b"\xff\xd8\xff", "raster"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"II\x97\x01", "ser"),
    (b"JL", "emi"),
]
_NOT_IMAGES = [
    (b"PK\x03\x04", "a zip archive; please unpack it and upload the files in it"),
    (b"\x93NUMPY", "a NumPy array, which has no pixel size and may carry code; please export it as TIFF"),
    (b"\x80\x04", "a Python pickle, which may carry code"),
    (b"%PDF", "a PDF document"),
    (b"BM", "a BMP picture; please export it as TIFF or PNG"),
    (b"GIF8", "a GIF picture, which keeps at most 256 grey levels; please export it as TIFF or PNG"),
    (b"7z\xbc\xaf", "a 7-zip archive; please unpack it and upload the files in it"),
    (b"\xfd7zXZ", "an xz archive; please unpack it and upload the files in it"),
    (b"Rar!", "a RAR archive; please unpack it and upload the files in it"),
    (b"{\\rtf", "a text document"),
    (b"\xd0\xcf\x11\xe0", "an office document"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
]
ACCEPTED = "DM3, DM4, DM5, EMD, SER, MRC, TIFF, HDF5, PNG and JPEG"


def family_of(head, name):
    """The family of a file.

    Parameters
    ----------
    head : bytes
        Its first HEAD_BYTES.
    name : str
        Its name as uploaded, for the sentence of a refusal only.

    Returns
    -------
    str
        raster, tiff, hdf5, gzip, bzip2, ser, emi, dm or mrc.

    Raises
    ------
    Refusal
        If it is none of these.
    """
    for magic, family in _MAGICS:
        if head.startswith(magic):
            return family
    if head[:4] in (b"\0\0\0\3", b"\0\0\0\4") and _is_dm(head):
        return "dm"
    if is_mrc(head):
        return "mrc"
    for magic, words in _NOT_IMAGES:
        if head.startswith(magic):
            raise Refusal(f"“{name}” is {words}.")
    if is_text(head):
        raise Refusal(f"“{name}” is text, not an image; the formats read here are {ACCEPTED}.")
    raise Refusal(f"“{name}” is of no format known here, or damaged at its start; read are {ACCEPTED}.")


def _is_dm(head):
    """DM3 and DM4: version, length of the file, and the byte order, which is 0 or 1."""
    if len(head) < 16:
        return False
    byte_order = head[8:12] if head[3] == 3 else head[12:16]
    return byte_order in (b"\0\0\0\0", b"\0\0\0\1")


def is_mrc(head):
    """An MRC2014 header has "MAP " at 208; older ones are known by plausible sizes, mode and axes."""
    if len(head) < 1024:
        return False
    if head[208:211] == b"MAP":
        return True
    for order in "<>":
        nx, ny, nz, mode = struct.unpack_from(f"{order}4i", head)
        axes = struct.unpack_from(f"{order}3i", head, 64)
        if (
            all(0 < n < 2**17 for n in (nx, ny, nz))
            and mode in (0, 1, 2, 6, 12)
            and sorted(axes) == [1, 2, 3]
        ):
            return True
    return False


def is_text(head):
    """Printable UTF-8 without control characters."""
    try:
        text = head[: len(head) - 4 if len(head) == HEAD_BYTES else None].decode()
    except UnicodeDecodeError:
        return False
    return all(letter.isprintable() or letter in "\r\n\t\f" for letter in text)

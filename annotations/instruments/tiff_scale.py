"""Pixel size and metadata of a TIFF."""


def metadata(tif):
    return {"tags": {tag.name: tag.value for tag in tif.pages[0].tags}}


def add_readings(recording, path, tif, pages):
    """Filled by the vendors' tags."""

"""EMI of FEI's TIA: no image, but the microscope's settings for the SER files beside it, as XML."""

import mmap

from annotations.instruments.fields import fields_of, only_known
from annotations.instruments.metadata import bounded
from annotations.instruments.recording import Refusal

BEGIN, END = b"<ObjectInfo>", b"</ObjectInfo>"
OBJECTS, OBJECT_BYTES = 20, 2**20


def read(path, name, limits):
    """Raises Refusal, which carries what the file tells: one dict of `fields` and `metadata` an object."""
    objects = [described for text in _objects(path) if (described := _described(text))]
    if not objects:
        raise Refusal(f"“{name}” holds only the description; upload the SER file beside it (…_1.ser).")
    share = limits.metadata_bytes // len(objects)
    raise Refusal(
        f"“{name}” holds no image but the description (voltage, magnification) of the SER files beside it "
        "(…_1.ser): upload them too, and it goes to them.",
        told=[{**one, "metadata": bounded(one["metadata"], share)} for one in objects],
    )


def _objects(path):
    """The XML of object 1, 2 …, which belong to …_1.ser, …_2.ser …"""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        end = 0
        for _ in range(OBJECTS):
            begin = data.find(BEGIN, end)
            end = data.find(END, begin) + len(END)
            if begin < 0 or end < begin or end - begin > OBJECT_BYTES:
                return
            yield data[begin:end]


def _described(text):
    """Fields and metadata of one object, by RosettaSciIO's reading of it; None where it makes no sense."""
    from rsciio.tia._api import _get_date_time, convert_xml_to_dict, mapping

    if b"<!" in text:  # entities may grow without end; TIA writes none
        return None
    try:
        tree = convert_xml_to_dict(text.decode()).to_dict()
        info = tree["ObjectInfo"]
        told = info.get("ExperimentalDescription", {})
        # The names that `mapping` speaks of have no spaces.
        named = {**info, "ExperimentalDescription": {key.replace(" ", "_"): told[key] for key in told}}
        date, time = _get_date_time(info["AcquireDate"]) if info.get("AcquireDate") else (None, None)
        signal = {
            "original_metadata": {"ObjectInfo": named},
            "mapping": mapping,
            "metadata": {"General": {"date": date, "time": time}},
        }
        camera = info.get("AcquireInfo", {}).get("CameraNamePath", "")
        return {"fields": only_known({**fields_of(signal), "detector": camera}), "metadata": tree}
    except Exception:  # a vendor's odd value costs the description, not the SER
        return None

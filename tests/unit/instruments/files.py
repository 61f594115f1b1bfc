"""Small files in the formats that no library of ours writes: DM3, SER, Velox EMD."""

import json
import struct

import h5py
import numpy as np

SHORT, LONG, USHORT, FLOAT, DOUBLE, ARRAY = 2, 3, 4, 6, 7, 20
DM_TYPES = {"float32": (2, FLOAT), "uint16": (10, USHORT), "int16": (1, SHORT), "complex64": (3, FLOAT)}


def write_dm3(path, image, scale=(1.0, 1.0), units=("nm", "nm")):
    """A DM3 with one image (H, W) or stack (N, H, W); `scale` and `units` are (x, y)."""
    kind, code = DM_TYPES[image.dtype.name]
    plain = image.view(np.float32) if image.dtype.kind == "c" else image
    n_dims = image.ndim
    scales, names = [*scale, 1.0][:n_dims], [*units, ""][:n_dims]
    dimension = [
        ("", [("Origin", FLOAT, 0.0), ("Scale", FLOAT, s), ("Units", str, u)])
        for s, u in zip(scales, names, strict=True)
    ]
    brightness = [("Origin", FLOAT, 0.0), ("Scale", FLOAT, 1.0), ("Units", str, "")]
    data = [
        (
            "Calibrations",
            [("Brightness", brightness), ("Dimension", dimension), ("DisplayCalibratedUnits", LONG, 1)],
        ),
        ("Data", ARRAY, (code, plain)),
        ("DataType", LONG, kind),
        ("Dimensions", [("", LONG, n) for n in image.shape[::-1]]),
        ("PixelDepth", LONG, image.dtype.itemsize),
    ]
    tags = [("Microscope Info", [("Voltage", FLOAT, 300000.0), ("Indicated Magnification", FLOAT, 50000.0)])]
    root = [
        ("DocumentObjectList", [("", [("ImageSource", LONG, 0)])]),
        ("ImageList", [("", [("ImageData", data), ("ImageTags", tags), ("Name", str, "gold")])]),
        ("ImageSourceList", [("", [("ImageRef", LONG, 0)])]),
    ]
    body = _group(root)
    path.write_bytes(struct.pack(">3i", 3, len(body), 1) + body + b"\0" * 8)


def _group(tags):
    return struct.pack(">bbi", 1, 0, len(tags)) + b"".join(map(_tag, tags))


def _tag(tag):
    name, *value = tag
    head = struct.pack(">bh", 20 if len(value) == 1 else 21, len(name)) + name.encode()
    return head + (_group(value[0]) if len(value) == 1 else b"%%%%" + _value(*value))


def _value(kind, value):
    if kind is str:
        return struct.pack(">4i", 3, ARRAY, USHORT, len(value)) + value.encode("utf-16-le")
    if kind == ARRAY:
        code, array = value
        return struct.pack(">4i", 3, ARRAY, code, array.size) + array.tobytes()
    form = {LONG: "i", FLOAT: "f", DOUBLE: "d"}[kind]
    return struct.pack(">2i", 1, kind) + struct.pack(f"<{form}", value)


def write_ser(path, images, deltas_m, time_s=1_600_000_000):
    """A SER series of 16-bit images, each with its own pixel size in metres."""
    elements, at = [], 30 + 4 + 20 + 8 + 4 + 4
    offsets_at = at
    at += 8 * len(images)
    for image, delta in zip(images, deltas_m, strict=True):
        height, width = image.shape
        head = struct.pack("<ddiddihii", 0, delta, 0, 0, delta, 0, 2, width, height)
        elements.append((at, head + image[::-1].astype("<u2").tobytes()))
        at += len(elements[-1][1])
    tags_at = at
    header = struct.pack(
        "<3h4iii", 0x4949, 0x0197, 0x0210, 0x4122, 0x4152, len(images), len(images), offsets_at, 1
    )
    dimension = struct.pack("<idd2i", len(images), 0.0, 1.0, 0, 0) + struct.pack("<i", 0)
    head = (header + dimension).ljust(offsets_at, b"\0")
    offsets = [offset for offset, _ in elements] + [tags_at + 8 * i for i in range(len(images))]
    tags = b"".join(struct.pack("<hhi", 0x4152, 0, time_s) for _ in images)
    path.write_bytes(
        head + struct.pack(f"<{len(offsets)}i", *offsets) + b"".join(e for _, e in elements) + tags
    )


def write_velox(path, stack, size_m=(1e-9, 1e-9), units=("m", "m"), chunks=True):
    """The parts of a Velox EMD that readers need; `stack` is (H, W, N)."""
    metadata = {
        "Core": {"MetadataDefinitionVersion": "7.9"},
        "Instrument": {"InstrumentModel": "Titan", "InstrumentId": "1"},
        "Acquisition": {"AcquisitionStartDatetime": {"DateTime": "1600000000"}},
        "Optics": {"AccelerationVoltage": "300000", "NominalMagnification": "40000"},
        "BinaryResult": {
            "PixelSize": {"width": str(size_m[0]), "height": str(size_m[1])},
            "PixelUnitX": units[0],
            "PixelUnitY": units[1],
            "Offset": {"x": "0", "y": "0"},
            "Detector": "HAADF",
            "DetectorIndex": "0",
        },
        "Scan": {"DwellTime": "1e-6", "FrameTime": "1"},
        "Detectors": {"Detector-0": {"DetectorName": "HAADF", "DetectorType": "ScanningDetector"}},
        "Sample": {},
        "CustomProperties": {},
    }
    text = json.dumps(metadata).encode().ljust(4000, b"\0")
    columns = np.repeat(np.frombuffer(text, np.uint8)[:, None], stack.shape[2], axis=1)
    with h5py.File(path, "w") as file:
        file["Version"] = [json.dumps({"format": "Velox", "version": "1.0"})]
        group = file.create_group("Data/Image/0123456789abcdef0123456789abcdef")
        group.create_dataset("Data", data=stack, chunks=(*stack.shape[:2], 1) if chunks else None)
        group["Metadata"] = columns
        operation = {"dataPath": "/Data/Image/0123456789abcdef0123456789abcdef", "detector": "HAADF"}
        file["Operations/StemInputOperation/abc"] = [json.dumps(operation)]
        file["Operations/Operations"] = [json.dumps({})]


def write_emi(path, *objects):
    """An EMI as TIA writes it: binary, with the XML of each object, {label: (value, unit)}, in it."""
    text = b""
    for described in objects:
        rows = "".join(
            f"<Data><Label>{label}</Label><Value>{value}</Value><Unit>{unit}</Unit></Data>"
            for label, (value, unit) in described.items()
        )
        text += (
            "<ObjectInfo><Uuid>0</Uuid><AcquireDate>Tue Mar 07 11:22:33 2017</AcquireDate>"
            f"<ExperimentalDescription><Root>{rows}</Root></ExperimentalDescription><AcquireInfo>"
            "<CameraNamePath>BM-UltraScan</CameraNamePath><DwellTimePath>0.5</DwellTimePath></AcquireInfo>"
            "</ObjectInfo>"
        ).encode() + bytes(range(256))
    path.write_bytes(b"JL\x20\x02" + bytes(500) + text)

import json

import pytest

from annotations.exchange import coco

IMAGE = {"id": 1, "file_name": "a.dm4", "width": 100, "height": 80}
CLASS = {"id": 7, "name": "particle", "color": "#0072b2"}
BOX = {"id": 5, "image_id": 1, "category_id": 7, "bbox": [10.1, 20.3, 5, 6.7]}
TRIANGLE = [10, 20, 15, 20, 12, 26]


def file(images=(IMAGE,), categories=(CLASS,), annotations=(BOX,), **more):
    parts = {"images": list(images), "categories": list(categories), "annotations": list(annotations)}
    return json.dumps({**parts, **more}).encode()


def test_a_file_is_read():
    found = coco.read(file(annotations=[{**BOX, "segmentation": [TRIANGLE], "score": 0.5}]))
    (annotation,) = found.annotations
    assert annotation.bbox == (10.1, 20.3, 5.0, 6.7)
    assert annotation.outline == [[10, 20], [15, 20], [12, 26]]
    assert (annotation.class_name, annotation.confidence, annotation.is_simplified) == (
        "particle",
        0.5,
        False,
    )
    assert found.classes == {"particle": "#0072b2"}
    assert (found.images[0].name, found.images[0].frame_index) == ("a.dm4", None)


@pytest.mark.parametrize("value", [0.1 + 0.2, 1 / 3, 5e-324, 12345.678901234567, 99.99999999999999])
def test_numbers_survive_bit_for_bit(value):
    entry = coco.annotation_entry(
        1, image=1, category=0, bbox=(value, 0, value, 1), outline=[[value, 1], [2, 3], [4, 5]], area=None,
        confidence=value % 1, etem_id="x", origin="drawn",
    )  # fmt: skip
    back = json.loads(json.dumps(entry))
    assert back["bbox"][0].hex() == float(value).hex()
    assert back["segmentation"][0][0].hex() == float(value).hex()
    assert back["score"].hex() == float(value % 1).hex()


def test_of_several_polygons_the_largest_is_kept_and_said():
    small = [0, 0, 1, 0, 0, 1]
    (annotation,) = coco.read(file(annotations=[{**BOX, "segmentation": [small, TRIANGLE]}])).annotations
    assert annotation.outline[0] == [10, 20]
    assert annotation.is_simplified


def test_a_mask_is_not_an_outline_and_is_said():
    mask = {"counts": [1, 2], "size": [80, 100]}
    (annotation,) = coco.read(file(annotations=[{**BOX, "segmentation": mask}])).annotations
    assert (annotation.outline, annotation.is_simplified) == (None, True)


def test_the_category_for_unclassified_particles_is_no_class():
    raw = file(categories=[coco.UNCLASSIFIED], annotations=[{**BOX, "category_id": 0}])
    found = coco.read(raw)
    assert found.classes == {}
    assert found.annotations[0].class_name is None


def with_box(**over):
    return file(annotations=[{**BOX, **over}])


NONSENSE = {
    "empty": (b"", "no JSON"),
    "not JSON": (b"hello", "no JSON"),
    "not UTF-8": (b"\xff\xfe\xff", "no JSON"),
    "a list": (b"[]", "no COCO file"),
    "no images": (b'{"annotations": []}', "no COCO file"),
    "images are no list": (b'{"images": {}, "annotations": []}', "no COCO file"),
    "deep nesting": (b"[" * 100_000, "nested too deeply"),
    "very many objects": (b"[" * 2_000_001, "more objects"),
    "very many numbers": (b"[" + b"0," * 8_000_001 + b"0]", "more objects"),
    "a number of 5000 digits": (b'{"images": [], "annotations": ' + b"9" * 5000 + b"}", "no JSON"),
    "too large": (b" " * (64 * 2**20 + 1), "at most 64 MB"),
    "NaN": (with_box(bbox=[float("nan"), 1, 1, 1]), "NaN"),
    "infinity": (with_box(bbox=[1, 1, float("inf"), 1]), "Infinity"),
    "overflow": (with_box().replace(b"10.1", b"1e999"), "list of numbers"),
    "negative width": (with_box(bbox=[1, 1, -4, 4]), "both sides must be above 0"),
    "no height": (with_box(bbox=[1, 1, 4, 0]), "both sides must be above 0"),
    "outside": (with_box(bbox=[90, 1, 40, 4]), "leaves its image of 100 × 80 px"),
    "three numbers": (with_box(bbox=[1, 2, 3]), "[x, y, width, height]"),
    "text in a box": (with_box(bbox=["1", 2, 3, 4]), "list of numbers"),
    "truth in a box": (with_box(bbox=[True, 2, 3, 4]), "list of numbers"),
    "box of objects": (with_box(bbox=[{}, [], 3, 4]), "list of numbers"),
    "unknown image": (with_box(image_id=9), "no image with the id"),
    "image id is a list": (with_box(image_id=[1]), "no image with the id"),
    "unknown category": (with_box(category_id=9), "no category with the id"),
    "category is an object": (with_box(category_id={}), "no category with the id"),
    "score": (with_box(score=1.5), "from 0 to 1"),
    "score is text": (with_box(score="high"), "from 0 to 1"),
    "odd polygon": (with_box(segmentation=[[1, 2, 3, 4, 5]]), "3 to 2000 points"),
    "two points": (with_box(segmentation=[[1, 2, 3, 4]]), "3 to 2000 points"),
    "no area": (with_box(segmentation=[[1, 1, 2, 2, 3, 3]]), "no area"),
    "outline outside": (with_box(segmentation=[[1, 1, 200, 2, 3, 9]]), "leaves its image"),
    "polygon is text": (with_box(segmentation=["abc"]), "list of numbers"),
    "segmentation is text": (with_box(segmentation="abc"), "list of polygons"),
    "the same annotation twice": (file(annotations=[BOX, BOX]), "occurs twice"),
    "the same image twice": (file(images=[IMAGE, IMAGE]), "occurs twice"),
    "annotation is a number": (file(annotations=[5]), "must be an object"),
    "annotation without id": (file(annotations=[{**BOX, "id": None}]), "“id” must be"),
    "class without name": (file(categories=[{"id": 1, "name": "  "}]), "no name"),
    "long class name": (file(categories=[{"id": 1, "name": "x" * 61}]), "at most 60"),
    "width is text": (file(images=[{**IMAGE, "width": "100"}]), "whole number of pixels"),
    "no file name": (file(images=[{**IMAGE, "file_name": None}]), "file_name"),
    "NUL in a name": (file(images=[{**IMAGE, "file_name": "a\0b"}]), "file_name"),
    "sha256 too short": (file(images=[{**IMAGE, "sha256": "abc"}]), "64 hexadecimal"),
    "negative frame": (file(images=[{**IMAGE, "frame_index": -1}]), "from 0"),
    "too many": (file(annotations=[{**BOX, "id": k} for k in range(50_001)]), "at most 50000"),
}


@pytest.mark.parametrize(("raw", "words"), NONSENSE.values(), ids=NONSENSE)
def test_what_is_wrong_is_refused_in_one_sentence(raw, words):
    with pytest.raises(coco.NotCoco) as refusal:
        coco.read(raw)
    sentence = str(refusal.value)
    assert words in sentence
    assert len(sentence) < 200
    assert "\n" not in sentence

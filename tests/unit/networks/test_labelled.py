"""One reader of labels: what COCO, YOLO and masks say of the same frame is the same."""

import json

import numpy as np
import pytest
from PIL import Image

from annotations.outline import polygon_area
from mlcore.data import sources
from mlcore.data.labelled import label_regions, read_labelled

BOXES = [[10, 20, 20, 10], [60, 60, 10, 30]]


@pytest.fixture
def labels(tmp_path):
    drawn = np.zeros((100, 200), np.uint8)
    for x, y, width, height in BOXES:
        drawn[y : y + height, x : x + width] = 255
    for name in ("imgs", "yolo", "masks"):
        (tmp_path / name).mkdir()
    Image.fromarray(255 - drawn).save(tmp_path / "imgs" / "image_1.png")
    Image.fromarray(drawn).save(tmp_path / "masks" / "label_1.png")
    Image.fromarray(drawn).save(tmp_path / "masks" / "image_1.png")  # of the frame's own name
    lines = [f"0 {(x + w / 2) / 200} {(y + h / 2) / 100} {w / 200} {h / 100}" for x, y, w, h in BOXES]
    (tmp_path / "yolo" / "image_1.txt").write_text("\n".join([*lines, "", "0 0.5 0.5 0.1 0"]))
    (tmp_path / "yolo" / "classes.txt").write_text("particle\n")
    first, second = ([x, y, x + w, y, x + w, y + h, x, y + h] for x, y, w, h in BOXES)
    coco = {
        "images": [{"id": 3, "file_name": "image_1.tif", "width": 200, "height": 100, "pixel_size_nm": 0.5}],
        "categories": [{"id": 7, "name": "carbon nanotube"}, {"id": 8, "name": "dirt"}],
        "annotations": [
            {"image_id": 3, "bbox": BOXES[0], "category_id": 7, "segmentation": [[0, 0, 1, 0, 1, 1], first]},
            {"image_id": 3, "category_id": 8, "segmentation": [second], "iscrowd": 1, "ecd_nm": 9.8},
        ],
    }  # fmt: skip
    (tmp_path / "coco.json").write_text(json.dumps(coco))
    return tmp_path


@pytest.mark.parametrize("name", ["coco.json", "yolo", "masks"])
def test_boxes_size_and_image_are_found_whatever_the_form(labels, name):
    (labels / "masks" / "image_1.png").unlink()
    (one,) = read_labelled(labels / name)
    assert (one.name, one.size_px) == ("image_1", (200, 100))
    assert one.image_path == labels / "imgs" / "image_1.png"
    assert one.image().shape == (100, 200)
    np.testing.assert_allclose(one.boxes, BOXES, atol=1e-9)
    assert not one.is_truncated.any()


def test_a_mask_of_the_images_name_is_not_taken_for_the_image(labels):
    (one,) = read_labelled(labels / "coco.json")
    assert one.image_path.parent.name == "imgs"


def test_coco_gives_class_size_the_largest_polygon_and_what_is_ignored(labels):
    (one,) = read_labelled(labels / "coco.json")
    assert one.kinds.tolist() == [1, 0]
    assert one.is_ignored.tolist() == [False, True]
    assert [polygon_area(outline) for outline in one.outlines] == [200, 300]
    assert one.sizes["ecd_nm"][1] == 9.8
    assert np.isnan(one.sizes["ecd_nm"][0])
    assert one.pixel_size_nm == 0.5


def test_a_mask_has_outlines_of_its_area_and_a_box_has_none(labels):
    (labels / "masks" / "image_1.png").unlink()
    (masks,), (boxes,) = read_labelled(labels / "masks"), read_labelled(labels / "yolo")
    assert [polygon_area(one) for one in masks.outlines] == pytest.approx([200, 300])
    assert boxes.outlines == [None, None]


@pytest.mark.parametrize("levels", [(0, 1), (0, 255), (0, 3, 250, 255)])
def test_a_drawn_mask_is_parted_and_a_label_map_is_kept(levels):
    drawn = np.zeros((20, 30), np.uint8)
    drawn[2:6, 2:6] = drawn[10:15, 20:28] = levels[-1]
    drawn[2, 2], drawn[0, 0] = levels[-2] or levels[-1], levels[1] if len(levels) > 2 else 0
    assert label_regions(drawn).max() == 2
    numbered = np.zeros((20, 30), np.uint16)
    numbered[2:6, 2:6], numbered[2:6, 6:9] = 4, 9
    np.testing.assert_array_equal(label_regions(numbered), numbered)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("coco.json", "{", "is no COCO file"),
        ("coco.json", '{"images": [{"id": 1, "file_name": "a"}], "annotations": []}', "in no way that COCO"),
        ("yolo/other.txt", "0 0.1 0.1 0.1 0.1", "no image of its name"),
        ("yolo/image_1.txt", "0 a b c d", "is no YOLO label file"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(labels, name, text, words):
    (labels / name).write_text(text)
    with pytest.raises(ValueError, match=words):
        list(read_labelled(labels / name.split("/")[0]))


def test_labels_become_examples_and_specks_are_ignored(labels, tmp_path):
    drawn = np.zeros((100, 200), np.uint8)
    drawn[20:30, 10:30], drawn[50:53, 50:53] = 255, 255
    Image.fromarray(drawn).save(labels / "masks" / "label_1.png")
    (labels / "masks" / "image_1.png").unlink()
    (of_masks,) = (sources.of_labelled(one) for one in read_labelled(labels / "masks"))
    assert of_masks.is_ignored.tolist() == [False, True]
    (of_coco,) = (sources.of_labelled(one) for one in read_labelled(labels / "coco.json"))
    assert of_coco.kinds.tolist() == [1, 0]
    (path,) = sources.prepare({"yolo": str(labels / "yolo")}, tmp_path / "out")
    assert path.name == "image_1.npz"

import json
from collections import Counter
from unittest.mock import ANY

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from annotations.models import Acquisition, Event, LabelClass, Layer, Particle, Role
from annotations.services.projection import replay
from tests.factories import (
    make_acquisition,
    make_calibration,
    make_frame,
    make_label_class,
    make_layer,
    make_membership,
    make_particle,
    make_project,
)
from tests.sized import disc, make_disc


@pytest.fixture
def frame(project):
    return make_frame(make_acquisition(project, name="gold.dm4"), width_px=100, height_px=80)


def coco_file(**over):
    whole = {
        "images": [{"id": 1, "file_name": "gold.dm4", "width": 100, "height": 80}],
        "categories": [],
        "annotations": [{"id": 1, "image_id": 1, "bbox": [10.5, 20.25, 30, 7.125], "score": 0.75}],
    }
    return {**whole, **over}


def send(client, project, content, **more):
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    file = SimpleUploadedFile("coco.json", raw, "application/json")
    return client.post(reverse("api-import-coco", args=[project.pk]), {"file": file, **more})


def exported(client, project):
    response = client.get(reverse("api-export-coco", args=[project.pk]))
    return json.loads(b"".join(response.streaming_content))


def nothing_written(project):
    return not (Particle.objects.exists() or Event.objects.exists() or LabelClass.objects.exists())


def test_it_works(member_client, project, frame, mia):
    response = send(member_client, project, coco_file())
    assert response.status_code == 200, response.content
    assert response.json() | {"images": ANY} == {
        "is_done": True, "new": 1, "present": 0, "deleted": 0, "unmatched": 0, "simplified": 0, "box_only": 1,
        "new_classes": [], "images": ANY,
    }  # fmt: skip
    particle = Particle.objects.get()
    assert (particle.x, particle.y, particle.width, particle.height) == (10.5, 20.25, 30, 7.125)
    assert (particle.confidence, particle.origin, particle.created_by) == (0.75, "imported", mia)
    assert particle.layer == frame.layers.get(kind="working")


def test_the_ledger_tells_the_same_as_the_particles(member_client, project, frame):
    outline = [[10, 10], [20, 10], [15, 20]]
    flat = [value for point in outline for value in point]
    box = {"id": 1, "image_id": 1, "bbox": [10, 10, 10, 10], "segmentation": [flat]}
    send(member_client, project, coco_file(annotations=[box]))
    layer, particle = Layer.objects.get(), Particle.objects.get()
    events = list(layer.events.order_by("sequence"))
    assert (layer.sequence, len(events)) == (1, 1)
    version, fields = replay(events)[particle.pk]
    assert version == particle.version
    assert fields["outline"] == particle.outline == outline


def test_export_and_import_are_an_exact_round_trip(member_client, project, mia):
    """Boxes, outlines, classes and confidence come back bit for bit in another, empty project."""
    gold, tube = make_label_class(project, name="gold"), make_label_class(project, name="tube", key=2)
    for k in range(3):
        frame = make_frame(make_acquisition(project, name=f"image {k}.dm4"))
        calibration = make_calibration(frame.acquisition, 0.1 + k / 7)
        layer = make_layer(frame)
        for n in range(20):
            at = (40 + 20 * n + 1 / 3, 60 + 17.1 * n)
            make_disc(
                layer,
                20 + n / 9,
                at=at,
                calibration=calibration,
                confidence=n / 21,
                label_class=(gold, tube, None)[n % 3],
            )
        make_particle(layer, x=0.1 + 0.2, y=1e-9, width=1 / 3, height=99.99999999999999, label_class=tube)
    first = exported(member_client, project)
    assert len(first["annotations"]) == 63

    other = make_project()
    make_membership(other, mia, Role.MANAGER)
    for acquisition in Acquisition.objects.filter(project=project).order_by("-pk"):
        copy = make_acquisition(other, name=f"other name {acquisition.pk}", sha256=acquisition.sha256)
        make_frame(copy)
    assert send(member_client, other, first).json()["new"] == 63
    again = exported(member_client, other)

    def content(coco):
        """What must not change, in the file's order and down to the last bit (repr tells doubles apart)."""
        classes = {entry["id"]: entry["name"] for entry in coco["categories"]}
        images = {entry["id"]: (entry["sha256"], entry["frame_index"]) for entry in coco["images"]}
        return Counter(
            (
                images[entry["image_id"]],
                repr(entry["bbox"]),
                repr(entry["segmentation"]),
                classes[entry["category_id"]],
                repr(entry.get("score")),
                repr(entry["area"]),
            )
            for entry in coco["annotations"]
        )

    assert content(again) == content(first)
    assert {c["name"]: c.get("color") for c in again["categories"]} == {
        c["name"]: c.get("color") for c in first["categories"]
    }
    # A third time, from the second export: nothing changes any more, whatever ids the rows have.
    assert send(member_client, other, again).json()["present"] == 63


def test_the_same_file_twice_adds_nothing(member_client, project, frame):
    send(member_client, project, coco_file())
    ids = set(Particle.objects.values_list("pk", flat=True))
    body = send(member_client, project, coco_file()).json()
    assert (body["new"], body["present"]) == (0, 1)
    assert set(Particle.objects.values_list("pk", flat=True)) == ids
    assert Event.objects.count() == 1


def test_an_export_into_its_own_project_adds_nothing(member_client, project, frame):
    make_particle(make_layer(frame))
    body = send(member_client, project, exported(member_client, project)).json()
    assert (body["new"], body["present"]) == (0, 1)


def test_what_people_changed_or_deleted_since_stays_so(member_client, project, frame):
    boxes = [{"id": k, "image_id": 1, "bbox": [10, 10, 5 + k, 5]} for k in range(2)]
    send(member_client, project, coco_file(annotations=boxes))
    moved, deleted = Particle.objects.order_by("width")
    Particle.objects.filter(pk=moved.pk).update(x=50)
    deleted.delete()
    body = send(member_client, project, coco_file(annotations=boxes)).json()
    assert (body["new"], body["present"], body["deleted"]) == (0, 1, 1)
    assert Particle.objects.get().x == 50


def test_a_dry_run_says_all_and_writes_nothing(client, project, frame, owner):
    client.force_login(owner)
    file = coco_file(
        images=[*coco_file()["images"], {"id": 2, "file_name": "other.tif", "width": 5, "height": 5}],
        categories=[{"id": 1, "name": "tube"}],
        annotations=[
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 2, 2]},
            {"id": 2, "image_id": 2, "category_id": 1, "bbox": [1, 1, 2, 2]},
        ],
    )
    body = send(client, project, file, dry_run="true").json()
    assert nothing_written(project)
    assert not Layer.objects.exists()
    assert (body["is_done"], body["new"], body["unmatched"], body["new_classes"]) == (False, 1, 1, ["tube"])
    assert [image["matched_by"] for image in body["images"]] == ["name", None]
    assert "No image of this project" in body["images"][1]["problem"]
    assert send(client, project, file).json()["new"] == 1
    assert Particle.objects.get().label_class.name == "tube"


def test_images_are_known_by_content_before_name(member_client, project, frame):
    other = make_frame(make_acquisition(project, name="renamed.dm4"), width_px=100, height_px=80)
    image = {**coco_file()["images"][0], "sha256": other.acquisition.sha256.upper()}
    body = send(member_client, project, coco_file(images=[image])).json()
    assert body["images"][0]["frame"] == other.pk
    assert body["images"][0]["matched_by"] == "content"


def test_a_frame_of_a_stack_is_found_by_its_index(member_client, project, frame):
    second = make_frame(frame.acquisition, width_px=100, height_px=80)
    ambiguous = send(member_client, project, coco_file())
    assert ambiguous.status_code == 400
    image = {**coco_file()["images"][0], "frame_index": 1, "file_name": "C:\\data\\gold.dm4"}
    assert send(member_client, project, coco_file(images=[image])).json()["images"][0]["frame"] == second.pk


def test_an_image_of_another_size_is_not_taken_for_the_same(member_client, project, frame):
    image = {**coco_file()["images"][0], "width": 200}
    body = send(member_client, project, coco_file(images=[image]))
    assert body.status_code == 400
    assert "None of the file's images" in body.json()["detail"]


def test_imported_outlines_are_measured(member_client, project, frame):
    make_calibration(frame.acquisition, 0.5)
    flat = [value for point in disc(50, 40, 30) for value in point]
    box = {"id": 1, "image_id": 1, "bbox": [35, 25, 30, 30], "segmentation": [flat]}
    send(member_client, project, coco_file(annotations=[box]))
    particle = Particle.objects.get()
    assert (particle.ecd_px, particle.ecd_nm) == pytest.approx((30, 15))
    assert not particle.touches_border


def test_classes_are_found_whatever_their_case(member_client, project, frame):
    gold = make_label_class(project, name="Gold")
    file = coco_file(
        categories=[{"id": 1, "name": "gold"}],
        annotations=[{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 2, 2]}],
    )
    send(member_client, project, file)
    assert Particle.objects.get().label_class == gold


def test_new_classes_need_a_manager(member_client, project, frame):
    file = coco_file(
        categories=[{"id": 1, "name": "tube"}],
        annotations=[{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 2, 2]}],
    )
    response = send(member_client, project, file)
    assert response.status_code == 400
    assert "ask a manager" in response.json()["detail"]
    assert nothing_written(project)


@pytest.mark.parametrize(
    "bad", [b"{", b"[" * 5000, b'{"images": [], "annotations": []}', json.dumps(coco_file()).encode() + b"x"]
)
def test_a_bad_file_is_refused_in_one_sentence(member_client, project, frame, bad):
    response = send(member_client, project, bad)
    assert response.status_code == 400
    assert response.json()["code"] == "invalid"
    assert response.json()["detail"].endswith(".")
    assert nothing_written(project)


def test_one_bad_annotation_leaves_nothing_half_written(client, project, frame, owner):
    client.force_login(owner)
    boxes = [{"id": k, "image_id": 1, "category_id": 1, "bbox": [1, 1, 5, 5]} for k in range(100)]
    boxes[99]["bbox"] = [1, 1, -5, 5]
    file = coco_file(categories=[{"id": 1, "name": "tube"}], annotations=boxes)
    response = send(client, project, file)
    assert response.status_code == 400
    assert "annotations[99]" in response.json()["detail"]
    assert nothing_written(project)


def test_a_file_is_needed(member_client, project, frame):
    response = member_client.post(reverse("api-import-coco", args=[project.pk]), {})
    assert response.status_code == 400
    assert "file" in response.json()["errors"]


@pytest.mark.parametrize(("who", "status"), [("zoe", 404), ("vic", 403), (None, 401)])
def test_who_may_not_import(client, project, frame, request, who, status):
    if who:
        client.force_login(request.getfixturevalue(who))
    assert send(client, project, coco_file()).status_code == status
    assert nothing_written(project)


def test_the_form_shows_what_a_file_would_do_and_does_it(member_client, project, frame):
    url = reverse("project-export", args=[project.pk])

    def post(action):
        file = SimpleUploadedFile("coco.json", json.dumps(coco_file()).encode())
        return member_client.post(url, {"file": file, "action": action})

    assert "Nothing is written yet" in post("check").text
    assert nothing_written(project)
    assert "1 particle imported" in post("import").text
    assert "1 is here already" in post("check").text


def test_the_form_refuses_with_the_sentence(member_client, project, frame):
    url = reverse("project-export", args=[project.pk])
    response = member_client.post(url, {"file": SimpleUploadedFile("coco.json", b"no"), "action": "import"})
    assert response.status_code == 400
    assert "The file is no JSON" in response.text


def test_a_viewer_sees_no_form_and_a_stranger_no_page(client, project, vic, zoe):
    url = reverse("project-export", args=[project.pk])
    client.force_login(vic)
    assert "data-import" not in client.get(url).text
    assert client.post(url, {"action": "import"}).status_code == 403
    client.force_login(zoe)
    assert client.get(url).status_code == 404
    assert client.post(url, {"action": "import"}).status_code == 404


def many(n):
    return coco_file(
        annotations=[{"id": k, "image_id": 1, "bbox": [k % 60, 20, 5 + k / n, 7]} for k in range(n)]
    )


def test_the_command_checks_and_imports_a_file_on_the_server(project, frame, mia, tmp_path, capsys):
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(many(12)))
    call_command("import_coco", str(path), "--project", project.pk, "--as", mia.username, "--check")
    assert "would be: 12 new" in capsys.readouterr().out
    assert nothing_written(project)
    call_command("import_coco", str(path), "--project", project.pk, "--as", mia.username)
    assert Particle.objects.filter(created_by=mia).count() == 12


@pytest.mark.parametrize("content", [None, b"no json"])
def test_the_command_refuses_in_one_sentence(project, frame, mia, tmp_path, content):
    path = tmp_path / "coco.json"
    if content:
        path.write_bytes(content)
    with pytest.raises(CommandError, match=r"cannot be read: No such file|The file is no JSON"):
        call_command("import_coco", str(path), "--project", project.pk, "--as", mia.username)


def test_the_command_lets_nobody_do_what_the_site_would_not(project, frame, vic, tmp_path):
    with pytest.raises(CommandError, match="may not"):
        call_command("import_coco", str(tmp_path), "--project", project.pk, "--as", vic.username)

"""The worker's side of a dataset: frames one by one, then the split, then all of it ready at once.

Each frame is written whole into a scratch folder, its facts last: killed at any moment and begun again, the
work goes on behind the last whole frame. The folder goes into the storage before the rows are written, in one
transaction that makes the dataset ready; whatever fails before leaves one sentence and no rows.
"""

import json
import logging
import os
import shutil
import time
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from annotations.display.thumbnail import thumbnail
from annotations.models import Frame
from annotations.services.lease import lease
from annotations.services.notify import push
from mlcore.data import alike, frozen
from mlcore.data.examples import save
from mlcore.data.splits import split_by_specimen
from mlcore.models import Dataset, DatasetFrame
from mlcore.services.dataset_content import changes_since, composition_of, leaks_of, write_manifest
from mlcore.services.dataset_frames import frames_of
from mlcore.services.datasets import folder_of, summary
from mlcore.services.stored import delete_folder, open_file, store_folder
from mlcore.tasks import freeze_again, freeze_dataset_task

logger = logging.getLogger(__name__)

LOCK_SPACE = 0x4453  # apart from that of runs and imports
MAX_ATTEMPTS = 3
TELL_S = 1.0
LOST_MESSAGE_S = 600  # one that waits longer than this is queued again
SHARE_OF_LIMIT = 0.8  # of a task's time; then another message goes on
THUMBNAIL_PX = 192
HASHED = ("pixels_sha256", "truth_sha256", "split")
Status = Dataset.Status


class OvertakenError(Exception):
    """The dataset was deleted, or another worker has it; this one must not write any more."""


class HandedOnError(Exception):
    """This message's time is up; another one goes on."""


def run_freeze(*, dataset_pk):
    """Freeze a dataset that waits, or one whose worker died; nothing if a living worker has it."""
    with lease(LOCK_SPACE, dataset_pk) as is_ours:
        waiting = Dataset.objects.filter(pk=dataset_pk, status=Status.FREEZING)
        if not is_ours or not waiting.update(attempts=F("attempts") + 1):
            return
        row = Dataset.objects.select_related("project").get(pk=dataset_pk)
        if row.attempts > MAX_ATTEMPTS:
            sentence = f"The worker was lost {MAX_ATTEMPTS} times while freezing; please tell the operator."
            _fail(row, sentence)
            return
        try:
            _freeze(row)
        except (ValueError, ValidationError) as error:
            _fail(row, " ".join(getattr(error, "messages", [str(error)])))
        except HandedOnError:
            waiting.update(attempts=F("attempts") - 1)
            freeze_dataset_task.delay_on_commit(dataset_pk)
        except OvertakenError:
            logger.warning("Dataset %s was deleted or taken over meanwhile.", dataset_pk)
            if not Dataset.objects.filter(pk=dataset_pk).exists():
                shutil.rmtree(_scratch(row), ignore_errors=True)
                delete_folder(folder_of(dataset_pk))
        except Exception:
            logger.exception("Freezing dataset %s failed.", dataset_pk)
            _fail(row, f"Internal error while freezing dataset {dataset_pk}; please tell the operator.")
            raise


def requeue_lost_datasets():
    """Queue again those whose worker or message was lost; returns how many."""
    count = 0
    long_ago = timezone.now() - timedelta(seconds=LOST_MESSAGE_S)
    lost = Q(attempts__gt=0) | Q(created_at__lt=long_ago)
    for pk in Dataset.objects.filter(lost, status=Status.FREEZING).values_list("pk", flat=True):
        with lease(LOCK_SPACE, pk) as is_free:
            pass
        if is_free:
            freeze_again(pk)
            count += 1
    return count


def _freeze(row):
    folder = _scratch(row)
    (folder / "frames").mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + SHARE_OF_LIMIT * settings.TASK_LIMIT_S
    told_at = 0.0
    facts, names = [], set()
    for number, source in enumerate(frames_of(row)):
        source.name = _name_apart(source.name, names)
        facts.append(_known(folder, number) or _write_frame(folder, number, source, row.project_id))
        if time.monotonic() - told_at > TELL_S:
            told_at = time.monotonic()
            _tell(row, len(facts))
            if told_at > until:
                raise HandedOnError
    _tell(row, len(facts))
    if not any(one["n_particles"] for one in facts):
        raise ValueError("These images hold no particle at all, so there is nothing to learn or to test.")
    before = _version_before(row)
    _split(facts, row.seed, before)
    made = {
        "sha256": frozen.dataset_sha256([one[name] for name in HASHED] for one in facts),
        "folder": folder_of(row.pk),
        "n_frames": len(facts),
        "n_done": len(facts),
        "n_particles": sum(one["n_particles"] for one in facts),
        "composition": composition_of(folder, facts),
        "leaks": leaks_of(facts),
        "changes": changes_since(before, facts),
    }
    write_manifest(folder, row, facts, made["sha256"])
    store_folder(folder, made["folder"])
    _make_ready(row, facts, made)
    shutil.rmtree(folder, ignore_errors=True)


def _known(folder, number):
    """A frame's facts, where an earlier attempt has written it whole."""
    path = _stem(folder, number).with_suffix(".json")
    return json.loads(path.read_text("utf-8"))["facts"] if path.is_file() else None


def _write_frame(folder, number, source, project_id):
    """The example, the picture for lists, and last the truth with what the frame's row will say."""
    stem = _stem(folder, number)
    try:
        image, truth, pixel_size_nm = source.read()
        if getattr(image, "ndim", 0) != 2 or not image.size:
            raise ValueError("they are no image of rows and columns")
        hashes = {
            "pixels_sha256": frozen.pixels_sha256(image),
            "truth_sha256": frozen.truth_sha256(truth, pixel_size_nm),
        }
        if not _taken_over(stem, source, project_id, hashes):
            example = frozen.example_of(source.name, image, truth, source.specimen, pixel_size_nm)
            part = stem.with_suffix(".part.npz")
            save(example, part)
            os.replace(part, stem.with_suffix(".npz"))
        picture = thumbnail(image, THUMBNAIL_PX)
        hashed = alike.perceptual_hash(image)
    except (ValueError, OSError, EOFError) as error:
        reason = str(error).rstrip(".") or type(error).__name__
        raise ValueError(
            f"The pixels of “{source.name}” cannot be read ({reason}); freeze again without it."
        ) from error
    stem.with_suffix(".png").write_bytes(picture)
    facts = {
        "name": source.name, "frame": source.frame_pk, "origin": source.origin_of(truth),
        "specimen": source.specimen, "file": f"frames/{stem.name}.npz", **hashes,
        "perceptual_hash": f"{hashed:016x}", "layer_sequence": source.sequence,
        "pixel_size_nm": pixel_size_nm, "n_particles": sum(not one["is_ignored"] for one in truth),
        "width": image.shape[1], "height": image.shape[0],
    }  # fmt: skip
    part = stem.with_suffix(".part.json")
    part.write_text(json.dumps({"facts": facts, "truth": truth}, allow_nan=False), "utf-8")
    os.replace(part, stem.with_suffix(".json"))
    return facts


def _taken_over(stem, source, project_id, hashes):
    """Whether an earlier dataset has the very same example: following the edges of many boxes takes long."""
    same = DatasetFrame.objects.filter(
        dataset__project=project_id, dataset__status=Status.READY, name=source.name,
        specimen=source.specimen, **hashes,
    )  # fmt: skip
    earlier = same.select_related("dataset").order_by("-pk").first()
    if earlier is None:
        return False
    try:
        with open_file(earlier.dataset.folder, earlier.file) as file:
            part = stem.with_suffix(".part.npz")
            with part.open("wb") as copy:
                shutil.copyfileobj(file, copy)
    except OSError:
        return False
    os.replace(part, stem.with_suffix(".npz"))
    return True


def _name_apart(name, seen):
    """Frames of one name get a number: names are what evaluations go by."""
    found, number = name, 1
    while found in seen:
        number += 1
        found = f"{name} ({number})"
    seen.add(found)
    return found


def _version_before(row):
    earlier = Dataset.objects.ready().filter(project=row.project_id, name=row.name, version__lt=row.version)
    return earlier.order_by("-version").first()


def _split(facts, seed, before):
    """By specimen; those whose frames have the very same pixels are one, whatever they are called."""
    of_pixels, one_of = {}, {}

    def root(name):
        while one_of.get(name, name) != name:
            name = one_of[name]
        return name

    for one in facts:
        other = of_pixels.setdefault(one["pixels_sha256"], one["specimen"])
        low, high = sorted((root(one["specimen"]), root(other)))
        one_of[high] = low
    sizes = {}
    for one in facts:
        name = root(one["specimen"])
        sizes[name] = sizes.get(name, 0) + 1
    known = {}
    if before is not None and before.seed == seed:
        for specimen, part in before.frames.values_list("specimen", "split"):
            known[root(specimen)] = part
    split = split_by_specimen(sizes, seed, known)
    for one in facts:
        one["split"] = split[root(one["specimen"])]


@transaction.atomic
def _make_ready(row, facts, made):
    mine = Dataset.objects.select_for_update().filter(
        pk=row.pk, status=Status.FREEZING, attempts=row.attempts
    )
    if not mine.exists():
        raise OvertakenError
    columns = {field.attname for field in DatasetFrame._meta.local_concrete_fields} - {"id"}
    alive = _alive([one["frame"] for one in facts if one["frame"]])
    rows = [
        DatasetFrame(
            dataset=row, frame_id=one["frame"] if one["frame"] in alive else None,
            **{name: one[name] for name in columns & one.keys()},
        )
        for one in facts
    ]  # fmt: skip
    DatasetFrame.objects.bulk_create(rows, batch_size=1000)
    mine.update(status=Status.READY, message="", frozen_at=timezone.now(), **made)
    row.refresh_from_db()
    push(project_id=row.project_id, kind="dataset", payload=summary(row))


def _alive(pks):
    return set(Frame.objects.filter(pk__in=pks).values_list("pk", flat=True))


def _tell(row, n_done):
    mine = Dataset.objects.filter(pk=row.pk, status=Status.FREEZING, attempts=row.attempts)
    if not mine.update(n_done=n_done):
        raise OvertakenError
    row.n_done = n_done
    push(project_id=row.project_id, kind="dataset", payload=summary(row))


def _fail(row, sentence):
    """Nothing stays but the row and its sentence."""
    shutil.rmtree(_scratch(row), ignore_errors=True)
    mine = Dataset.objects.filter(pk=row.pk, status=Status.FREEZING, attempts=row.attempts)
    if mine.update(status=Status.FAILED, message=sentence[:500]):
        delete_folder(folder_of(row.pk))
        row.refresh_from_db()
        push(project_id=row.project_id, kind="dataset", payload=summary(row))


def _scratch(row):
    return settings.DATA_DIR / "freezing" / str(row.pk)


def _stem(folder, number):
    return folder / "frames" / f"{number:06d}"

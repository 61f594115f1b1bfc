"""This machine: where files are kept, its disk, the weights, a GPU."""

import os
import secrets
import shutil
import subprocess
import sys

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from etemweb.doctor.finding import failed, ok, warning
from etemweb.workers import gpus
from mlcore.inference.weights import read_model

DISK_WARNING, DISK_FAILED = 0.1, 0.02
BYTES_WARNING, BYTES_FAILED = 10 * 2**30, 300_000_000
TORCH_LIMIT_S = 120
ASK_TORCH = "import torch; print(torch.__version__, torch.version.cuda, torch.cuda.device_count())"


def storage():
    part, word = "storage", secrets.token_bytes(1000)
    folder = settings.STORAGE_DIR
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"doctor-{secrets.token_hex(8)}"
    try:
        path.write_bytes(word)
        is_back = path.read_bytes() == word
    finally:
        path.unlink(missing_ok=True)
    if not is_back:
        yield failed(part, f"{folder} gave back other bytes than were written.", "check that disk")
        return
    yield ok(part, f"{folder} can be written, read and deleted.")
    if not settings.STORAGE_URL:
        return
    name = default_storage.save(f"doctor/{secrets.token_hex(8)}", ContentFile(word))
    with default_storage.open(name) as file:
        is_back = file.read() == word
    default_storage.delete(name)
    if not is_back or default_storage.exists(name):
        yield failed(
            part, "The object storage did not do what it was told.", "check ETEM_STORAGE_URL's rights"
        )
    else:
        yield ok(part, "The object storage can be written, read and deleted.")


def disk():
    part, found = "disk", os.statvfs(settings.DATA_DIR)
    total, free = found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize
    text = f"{free / 2**30:.1f} of {total / 2**30:.0f} GiB are free at {settings.DATA_DIR}."
    remedy = "make room there, or move the data directory to a larger disk"
    if free < max(DISK_FAILED * total, BYTES_FAILED):
        yield failed(part, text, remedy)
    elif (free < DISK_WARNING * total and free < 10 * BYTES_WARNING) or free < BYTES_WARNING:
        yield warning(part, text, remedy)
    else:
        yield ok(part, text)
    if found.f_files:
        share = found.f_favail / found.f_files
        text = f"{share:.0%} of its inodes are free."
        yield ok(part, text) if share > DISK_WARNING else warning(part, text, "make a file system with more")


def weights():
    model = read_model()  # refuses in a sentence what is missing or was changed
    yield ok(
        "weights", f"The shipped model {model.version} is whole: {len(model.about['files'])} hashes match."
    )


def gpu():
    """No GPU is no fault; one that torch cannot use is."""
    part, found = "GPU", gpus()
    if not shutil.which("nvidia-smi"):
        yield ok(part, "There is none on this machine; the networks run on its processor.")
        return
    if not found:
        remedy = "load the driver, or look at what nvidia-smi says"
        yield failed(part, "nvidia-smi is here and finds no GPU.", remedy)
        return
    # In a process of its own: a web process never loads torch.
    done = subprocess.run(
        [sys.executable, "-c", ASK_TORCH], capture_output=True, text=True, timeout=TORCH_LIMIT_S
    )
    version, cuda, count = (*done.stdout.split(), "", "", "")[:3]
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        yield warning(part, f"torch cannot be loaded here: {said[-1][:200]}", "./etem setup runtime")
    elif count == "0":
        remedy = f"install a driver for CUDA {cuda}, or a torch for this driver"
        yield failed(part, f"torch {version} sees none of: {'; '.join(found)}.", remedy)
    else:
        yield ok(part, f"torch {version} sees {count}: {'; '.join(found)}.")

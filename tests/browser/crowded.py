"""A project with much in it and long names everywhere, for looking at its pages."""

import numpy as np

from annotations.display.tiles import write_tiles
from annotations.models import Acquisition, Calibration, Role
from annotations.services.api_tokens import create_token
from annotations.services.invitations import create_invitation
from annotations.services.pixels import tiles_path
from tests.factories import (
    make_acquisition,
    make_calibration,
    make_label_class,
    make_membership,
    make_project,
    make_user,
)
from tests.sized import make_sized_frame
from tests.stored import make_stored_frame

LONG = "Ni on SiO₂ spheres, reduced in 2 mbar H₂ at 600 °C, Titan ETEM 80–300, the second series of March"
UNBROKEN = "NiSiO2_H2_600C_2mbar_BF_camera-US1000_x245k_binning2_seriesA_"
PIXELS = np.random.default_rng(0).normal(1000, 50, (512, 512)).clip(0).astype(np.uint16)
Status = Acquisition.Status


def make_crowded_project(owner):
    """Also a frame whose sources disagree: (project, its acquisition)."""
    project = make_project(owner, name=LONG, description="What it is about. " * 30)
    make_project(owner, name=(UNBROKEN * 2)[:120])
    classes = [
        make_label_class(project, name=f"{UNBROKEN[:50]}{place}", key=place if place < 10 else None)
        for place in range(1, 15)
    ]
    for place in range(18):
        user = make_user(f"{UNBROKEN}{place}@microscopy.example.org", first_name="María del Carmen")
        make_membership(project, user, list(Role)[place % 5])
        create_token(user=owner, name=f"Titan ETEM, acquisition PC {place}")
    for place in range(6):
        words = {"role": "viewer", "email": f"a.very.long.name.{place}@department-of-materials.example.org"}
        create_invitation(by=owner, project=project, link_of=lambda secret: secret, **words)
    for place in range(60):
        status = [Status.READY, Status.QUEUED, Status.IMPORTING, Status.REFUSED, Status.FAILED][place % 5]
        acquisition = make_acquisition(
            project, name=f"{UNBROKEN}{place}.tif", status=status, message="It is a spectrum. " * 8,
            voltage_kv=300, instrument="Titan ETEM 80–300 at the institute", gas="H2", uploaded_by=owner,
        )  # fmt: skip
        if status == Status.READY:
            make_stored_frame(acquisition, PIXELS)
    for place, label_class in enumerate(classes):
        frame = make_sized_frame(project, range(20 + place, 36 + place), label_class=label_class)
        write_tiles(PIXELS, tiles_path(frame))
    disputed = make_acquisition(
        project, name=f"{UNBROKEN}disputed.dm3", metadata={UNBROKEN * 3: UNBROKEN * 9}
    )
    make_stored_frame(disputed, PIXELS, calibration_conflict="2.02 nm/px or 1.53 nm/px.")
    for version, size in enumerate((2.02, 1.53), 1):
        source = [Calibration.Source.TAG, Calibration.Source.SECOND_READER][version - 1]
        make_calibration(disputed, size, version=version, source=source, is_adopted=False, detail=LONG)
    return project, disputed

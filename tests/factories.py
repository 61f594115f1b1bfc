"""One small function a model: valid by default, anything overridable."""

import hashlib
import uuid

from annotations.models import (
    Acquisition,
    Calibration,
    Frame,
    LabelClass,
    Layer,
    Membership,
    Particle,
    Project,
    Role,
    User,
)


def make_user(username, **over):
    return User.objects.create_user(**{"username": username, "password": "nanoscale-42", **over})


def make_project(owner=None, **over):
    project = Project.objects.create(**{"name": "Gold on carbon", "created_by": owner, **over})
    if owner:
        make_membership(project, owner, Role.OWNER)
    return project


def make_membership(project, user, role=Role.ANNOTATOR):
    return Membership.objects.create(project=project, user=user, role=role)


def make_label_class(project, **over):
    return LabelClass.objects.create(
        **{"project": project, "name": "nanoparticle", "key": 1, "color": "#0072b2", **over}
    )


def make_acquisition(project, **over):
    name = over.pop("name", f"{uuid.uuid4().hex[:8]}.tif")
    defaults = {
        "name": name,
        "sha256": hashlib.sha256(name.encode()).hexdigest(),
        "size_bytes": 1000,
        "status": Acquisition.Status.READY,
        "progress": 1,
    }
    return Acquisition.objects.create(project=project, **{**defaults, **over})


def make_frame(acquisition, **over):
    """A row alone; `make_stored_frame` in tests/stored.py also writes pixels."""
    defaults = {
        "index": acquisition.frames.count(),
        "width_px": 512,
        "height_px": 512,
        "dtype": "uint16",
        "value_min": 0,
        "value_max": 65535,
    }
    return Frame.objects.create(acquisition=acquisition, **{**defaults, **over})


def make_calibration(acquisition, pixel_size_nm=0.5, **over):
    defaults = {
        "version": acquisition.calibrations.count() + 1,
        "pixel_size_x_nm": pixel_size_nm,
        "pixel_size_y_nm": pixel_size_nm,
        "source": Calibration.Source.TAG,
        "is_adopted": True,
    }
    return Calibration.objects.create(acquisition=acquisition, **{**defaults, **over})


def make_layer(frame, **over):
    return Layer.objects.create(frame=frame, **over)


def make_particle(layer, **over):
    return Particle.objects.create(**{"layer": layer, "x": 10, "y": 20, "width": 30, "height": 40, **over})

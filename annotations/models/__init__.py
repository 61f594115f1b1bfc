from annotations.models.acquisition import Acquisition, Frame
from annotations.models.calibration import Calibration
from annotations.models.event import Event
from annotations.models.layer import Layer
from annotations.models.particle import Particle
from annotations.models.particle_import import ParticleImport
from annotations.models.project import Invitation, LabelClass, Membership, Project, Role
from annotations.models.upload import Upload
from annotations.models.user import ApiToken, User

__all__ = [
    "Acquisition",
    "ApiToken",
    "Calibration",
    "Event",
    "Frame",
    "Invitation",
    "LabelClass",
    "Layer",
    "Membership",
    "Particle",
    "ParticleImport",
    "Project",
    "Role",
    "Upload",
    "User",
]

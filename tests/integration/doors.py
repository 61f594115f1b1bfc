"""The doors of the site: every address that Django knows, and who may pass (test_every_door.py)."""

from dataclasses import dataclass, field

from django.urls import URLPattern, get_resolver

PUBLIC = "public"  # open to everybody, on purpose
OWN = "own"  # open to who is logged in, about themselves: must not show what is another's
PROJECT = "project"  # one project's: its members alone, by role


@dataclass(frozen=True)
class Door:
    """How to knock.

    Attributes
    ----------
    kind : str
        One of PUBLIC, OWN, PROJECT.
    of : str
        Name in the world (below) of the object whose key is the address's first number.
    query : str
        What GET needs; `{project}` and the like are replaced by keys of the world's objects.
    body : dict
        What the unsafe methods need to get past a check of form, the same way; bytes are a file's.
    raw : bytes
        The body itself, where it is neither JSON nor a form.
    headers : dict
        Likewise.
    is_list : bool
        GET gives rows of all one's projects: a stranger's is empty, as for a project that does not exist.
    viewer_may : set
        Unsafe methods that a viewer may use all the same.
    hidden_from_viewer : bool
        True where a member who is not its owner gets 404: one person's, within a project.
    managers_only : bool
        True where even looking takes a manager: a viewer gets 403.
    """

    kind: str = PROJECT
    of: str = "project"
    query: str = ""
    body: dict = field(default_factory=dict)
    raw: bytes = b""
    headers: dict = field(default_factory=dict)
    is_list: bool = False
    viewer_may: frozenset = frozenset()
    hidden_from_viewer: bool = False
    managers_only: bool = False


TUS = {"Tus-Resumable": "1.0.0"}
UPLOAD = "filename YS50aWY=,project {project:base64}"

DOORS = {
    "favicon": Door(PUBLIC),
    "metrics": Door(PUBLIC),  # 404 but for who is named in the settings: test_metrics.py
    # accounts
    "login": Door(PUBLIC),
    "logout": Door(PUBLIC),
    "password_reset": Door(PUBLIC),
    "password_reset_done": Door(PUBLIC),
    "password_reset_confirm": Door(PUBLIC),
    "password_reset_complete": Door(PUBLIC),
    "invitation": Door(PUBLIC),  # the secret in the address is the permission: test_invitations.py
    "password_change": Door(OWN),
    "account": Door(OWN),
    "account-profile": Door(OWN),
    "account-tokens": Door(OWN),
    "account-token-revoke": Door(of="token", hidden_from_viewer=True),
    "api-docs": Door(OWN),
    "schema": Door(OWN),
    "api-me": Door(OWN),
    "api-tokens": Door(OWN),
    "api-token": Door(of="token", hidden_from_viewer=True),
    # projects and members
    "projects": Door(OWN),
    "project-new": Door(OWN),
    "project": Door(),
    "project-settings": Door(body={"name": "renamed"}, managers_only=True),
    "project-delete": Door(body={"name": "Gold on carbon"}),
    "project-members": Door(),
    "project-invite": Door(body={"role": "viewer"}),
    "project-leave": Door(viewer_may=frozenset({"POST"})),
    "project-member-role": Door(body={"role": "viewer"}),
    "project-member-remove": Door(),
    "project-invitation-revoke": Door(),
    "project-classes": Door(),
    "project-class-create": Door(body={"name": "new", "color": "#000000"}),
    "project-class-update": Door(),
    "project-class-delete": Door(),
    "api-projects": Door(OWN),
    "api-project": Door(),
    "api-members": Door(),
    "api-member": Door(body={"role": "viewer"}),
    "api-project-leave": Door(viewer_may=frozenset({"POST"})),
    "api-invitations": Door(body={"role": "viewer"}, managers_only=True),
    "api-invitation": Door(),
    "api-classes": Door(body={"name": "new"}),
    "api-class": Door(body={"name": "new"}),
    # acquisitions and frames
    "acquisition": Door(of="acquisition"),
    "acquisition-calibrate": Door(of="acquisition"),
    "acquisition-retry": Door(of="failed"),
    "acquisition-specimen": Door(of="acquisition", body={"specimen": "x"}),
    "acquisition-delete": Door(of="failed"),
    "frame": Door(of="frame"),
    "api-acquisitions": Door(
        query="project={project}", body={"project": "{project}", "file": b"II*\0"}, is_list=True
    ),
    "api-acquisition": Door(of="acquisition"),
    "api-acquisition-original": Door(of="acquisition"),
    "api-acquisition-retry": Door(of="failed"),
    "api-calibrations": Door(of="acquisition", body={"pixel_size_x_nm": 1.0}),
    "api-uploads": Door(headers={**TUS, "Upload-Length": "9", "Upload-Metadata": UPLOAD}),
    "api-upload": Door(
        of="upload",
        raw=b"123456789",
        headers={**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"},
        hidden_from_viewer=True,
    ),
    "api-frame": Door(of="frame"),
    "api-frame-strip": Door(of="frame"),
    "api-frame-thumbnail": Door(of="frame"),
    "api-frame-values": Door(of="frame", query="x=3&y=4"),
    "api-frame-histogram": Door(of="frame"),
    "api-frame-tile": Door(of="frame"),
    # layers and particles
    "api-layers": Door(query="frame={frame}", body={"frame": "{frame}"}),
    "api-layer-particles": Door(of="layer"),
    "api-layer-edits": Door(of="layer", body={"edits": []}),
    "api-layer-fit": Door(of="layer", body={"x": 1, "y": 1, "width": 9, "height": 9}),
    "api-layer-review": Door(of="layer", body={"sequence": 1}),
    "api-layer-history": Door(of="layer"),
    "api-layer-decisions": Door(of="suggestions", body={"accept": []}),
    "api-particle": Door(of="particle"),
    "api-particles": Door(query="project={project}", is_list=True),
    # runs
    "project-runs": Door(),
    "project-run-start": Door(body={"engine": "classical"}),
    "run": Door(of="run"),
    "run-cancel": Door(of="run"),
    "run-pause": Door(of="run"),
    "run-resume": Door(of="run"),
    "run-retry": Door(of="run"),
    "run-notes": Door(of="run", body={"notes": "Good."}),
    "queue": Door(OWN),
    "api-runs": Door(query="project={project}", body={"project": "{project}"}, is_list=True),
    "api-run": Door(of="run", body={"notes": "Good."}),
    "api-run-cancel": Door(of="run"),
    "api-run-pause": Door(of="run"),
    "api-run-resume": Door(of="run"),
    "api-run-retry": Door(of="run"),
    "api-queue": Door(OWN),
    # trainings
    "run-train": Door(body={"dataset": "{dataset}", "base": "shipped"}),
    "runs-compare": Door(query="run={training}"),
    "run-curves": Door(of="training"),
    "run-sample": Door(of="sample"),
    "api-trainings": Door(body={"dataset": "{dataset}", "kind": "train_detector"}),
    "api-run-progress": Door(of="training"),
    # models, and what to annotate next
    "project-models": Door(),
    "project-models-back": Door(body={"expected": 1}),
    "project-model-shipped": Door(),
    "shipped-evaluate": Door(),
    "model-version": Door(of="model"),
    "model-download": Door(of="model"),
    "model-evaluate": Door(of="model"),
    "model-promote": Door(of="model", body={"expected": 0}),
    "model-shadow": Door(of="model", body={"n_frames": 5}),
    "project-next": Door(body={"n_frames": 5}),
    "project-fine-tune": Door(),
    "frame-next": Door(of="frame"),
    "api-models": Door(query="project={project}", is_list=True),
    "api-model": Door(of="model"),
    "api-model-evaluate": Door(of="model"),
    "api-model-promotion": Door(of="model", body={"expected": 0}),
    "api-model-shadow": Door(of="model", body={"n_frames": 5}),
    "api-next-frames": Door(body={"n_frames": 5}),
    "api-shipped-evaluate": Door(body={"project": "{project}"}),
    "api-champion": Door(body={"expected": 1}),
    # datasets and synthetic frames
    "project-datasets": Door(),
    "dataset-freeze": Door(body={"name": "x"}),
    "synthesis-start": Door(body={"tier": "T1"}),
    "dataset": Door(of="frozen"),
    "dataset-discard": Door(of="frozen"),
    "dataset-picture": Door(of="frozen"),
    "run-picture": Door(of="synthesis"),
    "api-datasets": Door(query="project={project}", body={"project": "{project}", "name": "x"}, is_list=True),
    "api-dataset": Door(of="frozen"),
    "api-dataset-frames": Door(of="frozen"),
    "api-dataset-coco": Door(of="frozen"),
    "api-synthesis": Door(body={"project": "{project}"}),
    # sizes and exchange
    "project-sizes": Door(),
    "project-sizes-csv": Door(),
    "project-particles": Door(),
    "particle-import": Door(of="particle_import"),
    "api-particle-import": Door(of="particle_import"),
    "project-export": Door(),
    "particle-crop": Door(of="particle"),
    "api-sizes": Door(),
    "api-export-csv": Door(),
    "api-export-coco": Door(),
    "api-import-coco": Door(),
}


def addresses():
    """Name (or, unnamed, the route) and route of every address of the site, the admin's apart."""
    return [(name or route, route) for name, route in _walk(get_resolver()) if not route.startswith("admin/")]


def admin_addresses():
    return [(name, route) for name, route in _walk(get_resolver()) if route.startswith("admin/")]


def _walk(resolver, prefix=""):
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield pattern.name, route
        else:
            yield from _walk(pattern, route)

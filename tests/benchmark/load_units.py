"""What one of each costs in processor time, here and in the database, at 2,000 and at 20,000 frames.

Two databases that differ in their number of rows alone are asked in turn, so that what else the machine does
meets both. The database's share is what the kernel says that its process has run.
"""

import itertools
import os
import resource
import tempfile
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import numpy as np
from django.conf import settings
from django.db import connection

SMALL, TIMES, PARTICLES = 2_000, 10, 20
SIDE_PX = 512
TRIES = {"page": 25, "tile": 40, "edit": 30, "import": 7, "chunk": 7}
CHUNK_FRAMES = 8
LARGE_NAME = "etem_bench_large"


def copies(table, pk, n, own, where=""):
    """SQL that copies row `pk` of `table`; `own` are the columns that differ, as SQL in which k counts."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select column_name from information_schema.columns where table_schema = 'public'"
            " and table_name = %s and is_generated = 'NEVER' and column_name <> 'id'", [table])  # fmt: skip
        names = [name for (name,) in cursor.fetchall()]
        values = ", ".join(own.get(name, f't."{name}"') for name in names)
        listed = ", ".join(f'"{name}"' for name in names)
        if "id" in own:
            listed, values = f"id, {listed}", f"{own['id']}, {values}"
        source = where or f"generate_series(1, {n}) as k"
        cursor.execute(
            f"insert into {table} ({listed}) select {values} from {table} t, {source} where t.id = %s", [pk]
        )


def bare(above, below):
    """SQL: keys of rows that have none below them yet."""
    joined = f"annotations_{above} a left join annotations_{below} b on b.{above}_id = a.id"
    return f"(select a.id as k from {joined} where b.id is null) as new"


def grow(acquisition, frame, layer, particle, n):
    """`n` more acquisitions, each with a frame, its layer and PARTICLES particles."""
    sha = "md5(random()::text || k) || md5(random()::text || -k)"
    copies(
        "annotations_acquisition",
        acquisition.pk,
        n,
        {"sha256": sha, "name": "'more-' || k || '.tif'", "uploaded_at": "now() - k * interval '1 minute'"},
    )
    copies("annotations_frame", frame.pk, n, {"acquisition_id": "k"}, bare("acquisition", "frame"))
    copies("annotations_layer", layer.pk, n, {"frame_id": "k"}, bare("frame", "layer"))
    source = f"{bare('layer', 'particle')}, generate_series(1, {PARTICLES}) as again"
    copies("annotations_particle", str(particle.pk), n, {"id": "gen_random_uuid()", "layer_id": "k"}, source)
    with connection.cursor() as cursor:
        cursor.execute("vacuum analyze")


def use(name):
    connection.close()
    connection.settings_dict["NAME"] = name


@contextmanager
def databases():
    """Names of the small and the large one; the large one begins as a copy of the small one."""
    small = connection.settings_dict["NAME"]
    use("postgres")
    with connection.cursor() as cursor:
        cursor.execute(f"drop database if exists {LARGE_NAME}")
        cursor.execute(f'create database {LARGE_NAME} template "{small}"')
    try:
        yield small, LARGE_NAME
    finally:
        use("postgres")
        with connection.cursor() as cursor:
            cursor.execute(f"drop database {LARGE_NAME} with (force)")
        use(small)


def own_ms():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return 1000 * sum(usage.ru_utime + usage.ru_stime for usage in used)


def database_ms():
    """What the server's process of this connection has run so far; 0 where it is on another machine."""
    pid = connection.connection.info.backend_pid if connection.connection else 0
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6
    except (FileNotFoundError, PermissionError):
        return 0.0


class World:
    """One project with a stored frame to look at, and enough stored ones to search."""

    def __init__(self):
        from django.test import Client

        from annotations.services.pixels import tiles_path
        from tests.factories import make_acquisition, make_layer, make_particle, make_project, make_user
        from tests.stored import make_stored_frame

        self.by = make_user("bench-load")
        self.project = make_project(self.by)
        image = np.random.default_rng(1).normal(1000, 40, (SIDE_PX, SIDE_PX)).astype(np.uint16)
        acquisition = make_acquisition(self.project)
        self.frame = make_stored_frame(acquisition, image)
        self.layer = make_layer(self.frame)
        particle = make_particle(self.layer)
        self.template = (acquisition, self.frame, self.layer, particle)
        grow(*self.template, SMALL)
        self._store_like(tiles_path(self.frame), CHUNK_FRAMES * (TRIES["chunk"] + 2))
        self.client = Client(HTTP_HOST="localhost")
        self.client.force_login(self.by)
        self.numbers = itertools.count()
        self.folder = Path(tempfile.mkdtemp(dir=settings.DATA_DIR))

    def _store_like(self, pack, n):
        """The first frames of the project get pixels of their own: those that a search begins with."""
        from annotations.models import Frame
        from annotations.services.pixels import tiles_path

        for pk in Frame.objects.order_by("acquisition_id", "index").values_list("pk", flat=True)[1:n]:
            path = tiles_path(pk)
            path.parent.mkdir(parents=True, exist_ok=True)
            os.link(pack, path)

    def page(self):
        self._get(f"/projects/{self.project.pk}/")

    def editor(self):
        self._get(f"/frames/{self.frame.pk}/")

    def tile(self):
        self._get(f"/api/v1/frames/{self.frame.pk}/tiles/0/0/0")

    def edit(self):
        from tests.integration.edits import add

        address = f"/api/v1/layers/{self.layer.pk}/edits/"
        answer = self.client.post(address, {"edits": [add()]}, content_type="application/json")
        assert answer.status_code == 200, answer.content

    def prepare_import(self):
        import tifffile

        self.path = self.folder / f"{next(self.numbers)}.tif"
        noise = np.random.default_rng(next(self.numbers)).integers(
            0, 4000, (SIDE_PX, SIDE_PX), dtype=np.uint16
        )
        tifffile.imwrite(self.path, noise)

    def import_frame(self):
        from annotations.services.import_acquisition import import_acquisition
        from annotations.services.run_import import run_import

        found = import_acquisition(by=self.by, project=self.project, path=self.path, name=self.path.name)
        run_import(acquisition_pk=found.acquisition.pk)

    def begin_search(self):
        from mlcore.services.runs import start_inference
        from mlcore.services.work.infer import search_next

        self.run = start_inference(by=self.by, project=self.project, engine="classical")
        search_next(self.run.pk)  # cuts it, and loads the engine

    def search_chunk(self):
        from mlcore.services.work.infer import search_next

        assert search_next(self.run.pk)

    def _get(self, address):
        answer = self.client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        getattr(answer, "content", b"")


UNITS = [
    ("one project page", "page", "page", None),
    ("one frame's page", "editor", "page", None),
    (f"one tile of {SIDE_PX} x {SIDE_PX} px", "tile", "tile", None),
    ("one saved edit", "edit", "edit", None),
    (f"import of a {SIDE_PX} x {SIDE_PX} px TIFF", "import_frame", "import", "prepare_import"),
    (f"inference of a chunk of {CHUNK_FRAMES} frames, classical", "search_chunk", "chunk", None),
]


def measure():
    """For each unit: its name and, for the small and the large database, medians (own ms, database ms)."""
    world = World()
    small = connection.settings_dict["NAME"]
    with databases() as names:
        use(names[1])
        grow(*world.template, SMALL * (TIMES - 1))
        runs = {}
        for name in names:
            use(name)
            world.begin_search()
            runs[name] = world.run
        for words, unit, tries, prepare in UNITS:
            found = {name: [] for name in names}
            for turn in range(TRIES[tries] + 1):
                for name in names:
                    use(name)
                    connection.ensure_connection()
                    world.run = runs[name]
                    if prepare:
                        getattr(world, prepare)()
                    # The first query of a connection reads the catalogue; a site's connections are old.
                    if unit in ("page", "editor", "tile", "edit"):
                        getattr(world, unit)()
                    own, database = own_ms(), database_ms()
                    getattr(world, unit)()
                    if turn:  # the first warms both
                        found[name].append((own_ms() - own, database_ms() - database))
            yield words, *(tuple(map(median, zip(*found[name], strict=True))) for name in names)
        use(small)

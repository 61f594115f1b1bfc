"""The size page's numbers from 100,000 particles with outlines: rows, statistics with intervals, figures."""

import json
import os
import time
from statistics import median

from django.db import connection

from tests.benchmark.report import Row

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as etemweb/asgi.py has it
NEEDS_DATABASE = True
PARTICLES, FRAMES, TRIES = 100_000, 100, 7
VACUUMS_MAX = 20
SETTLED = "select relallvisible >= 0.99 * relpages from pg_class where relname = 'annotations_particle'"
PAYLOAD_LIMIT_KB = 300  # gzipped, of all figures

# Discs around 20 px, lognormal with a geometric SD of 1.3; 40 points an outline, as an engine leaves them.
FILL = """
insert into annotations_particle (id, layer_id, version, x, y, width, height, outline, confidence, origin,
    engine, decision, created_at, touches_border, area_px2, ecd_px, feret_min_px, feret_max_px, aspect_ratio,
    roundness, circularity, solidity, calibration_id, area_nm2, ecd_nm, feret_min_nm, feret_max_nm)
select gen_random_uuid(), layers[1 + k / %s], 1, 500, 500, d, d, outline, random(), 'drawn',
    '', 'pending', now(), random() < 0.05,
    pi() / 4 * d * d, d, 0.95 * d, 1.05 * d, 1 + 0.3 * random(), 0.9, 0.95, 0.97,
    calibrations[1 + k / %s], pi() / 16 * d * d, d / 2, 0.475 * d, 0.525 * d
from (select k, 20 * exp(0.26 * random_normal()) as d from generate_series(0, %s - 1) as k) as sized,
    (select jsonb_agg(jsonb_build_array(500 + cos(j) / 7, 500 + sin(j) / 7)) as outline
     from generate_series(1, 40) as j) as shape,
    (select %s::bigint[] as layers, %s::bigint[] as calibrations) as keys
"""


def fill(project, particles=PARTICLES):
    from tests.factories import make_acquisition, make_calibration, make_frame, make_layer

    layers, calibrations = [], []
    for _ in range(FRAMES):
        frame = make_frame(make_acquisition(project), width_px=4096, height_px=4096)
        layers.append(make_layer(frame).pk)
        calibrations.append(make_calibration(frame.acquisition).pk)
    with connection.cursor() as cursor:
        cursor.execute(FILL, [particles // FRAMES, particles // FRAMES, particles, layers, calibrations])
        for _ in range(VACUUMS_MAX):
            # As autovacuum leaves it. Another session's older snapshot may hold it up for a moment.
            cursor.execute("vacuum analyze annotations_particle")
            cursor.execute(SETTLED)
            if cursor.fetchone()[0]:
                break
            time.sleep(1)


def run():
    import gzip

    from django.http import QueryDict

    from analysis.forms import SizeChoice
    from analysis.metrology.selection import select
    from analysis.metrology.summary import summarise
    from analysis.selectors import particle_columns
    from analysis.views.sizes import charts_of
    from tests.factories import make_project, make_user

    project = make_project(make_user("bench-sizes"))
    fill(project)
    whole, rows, cpu, payload = [], [], [], b""
    for _ in range(TRIES):
        begun, cpu_begun = time.perf_counter(), time.process_time()
        choice = SizeChoice(QueryDict(""), project)
        choice.is_valid()
        columns = particle_columns(choice.filter.qs)
        rows.append(time.perf_counter() - begun)
        selection = select(columns, **choice.rules)
        charts_of(project, choice, selection, summarise(selection, **choice.drawing))
        whole.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - cpu_begun)
    charts = charts_of(project, choice, selection, summarise(selection, **choice.drawing))
    payload = gzip.compress(json.dumps(charts["charts"]).encode())
    n = f"{PARTICLES:,} particles"
    return [
        Row(f"size page, {n}: all numbers and figures", 1000 * median(whole), "ms", at_most=300),
        Row(f"size page, {n}: of which rows to arrays", 1000 * median(rows), "ms"),
        Row(f"size page, {n}: CPU time of it, database apart", 1000 * median(cpu), "ms"),
        Row(f"size page, {n}: figures, gzipped", len(payload) / 1000, "kB", at_most=PAYLOAD_LIMIT_KB),
    ]

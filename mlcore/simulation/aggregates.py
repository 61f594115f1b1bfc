"""Fractal aggregates by diffusion-limited cluster-cluster aggregation, as soot and polymer clusters grow.

Hierarchical: clusters of like size meet in a random walk and stick at first touch (P. Meakin, Phys. Rev.
Lett. 51 (1983) 1119), which leads to a fractal dimension of about 1.8. The walk takes the longest step that
cannot overlap ("walk on spheres", M. E. Muller 1956), so it is exact and short.
"""

from functools import lru_cache

import numpy as np
from scipy.spatial.distance import cdist
from scipy.spatial.transform import Rotation

LIBRARY = 512  # clusters kept, each turned at random when it is used
TOUCH = 0.01  # of a radius: nearer is touching
ESCAPE = 6.0  # of both extents together: a walker that far away starts again


@lru_cache(maxsize=LIBRARY)
def cluster(number):
    """Cluster `number` of the library: centres (N, 3) and radii (N,), of mean radius 1, its centre at 0.

    5 to 200 monomers, log-uniform; radii log-normal with a geometric deviation of 1.1 to 1.3.
    """
    rng = np.random.default_rng([20, number])
    count = int(np.exp(rng.uniform(np.log(5), np.log(200))))
    radii = np.exp(rng.normal(0, np.log(rng.uniform(1.1, 1.3)), count))
    clusters = [(np.zeros((1, 3)), radii[i : i + 1]) for i in range(count)]
    while len(clusters) > 1:
        clusters.sort(key=lambda one: len(one[1]))
        first, second, *clusters = clusters
        clusters.append(_meet(second, first, rng))
    centres, radii = clusters[0]
    scale = radii.mean()
    centres, radii = (centres - centres.mean(0)) / scale, radii / scale
    return centres, radii


def _meet(fixed, walker, rng):
    """Two clusters joined where the second, walking from far, first touches the first."""
    (at, radii), (shape, walker_radii) = fixed, walker
    at = at - at.mean(0)
    shape = Rotation.random(rng=rng).apply(shape - shape.mean(0))
    extent = _extent(at, radii) + _extent(shape, walker_radii)
    reach = radii[:, None] + walker_radii[None]
    while True:
        place = _direction(rng) * extent
        for _ in range(400):
            gap = float((cdist(at, shape + place) - reach).min())
            if gap < TOUCH:
                return np.concatenate([at, shape + place]), np.concatenate([radii, walker_radii])
            if np.linalg.norm(place) > ESCAPE * extent:
                break
            place = place + _direction(rng) * gap


def _extent(centres, radii):
    return float((np.linalg.norm(centres, axis=1) + radii).max())


def _direction(rng):
    vector = rng.standard_normal(3)
    return vector / np.linalg.norm(vector)

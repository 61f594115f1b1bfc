"""Particles as solids: the thickness an electron passes, and the outline of their shadow, both exact.

Lengths in nm; a solid stands at its own origin until `Placed` puts it somewhere. The beam goes along z.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial import ConvexHull, HalfspaceIntersection
from skimage.measure import find_contours

OUTLINE_POINTS = 180


def _roots(values):
    return np.sqrt(np.maximum(values, 0))


@dataclass(frozen=True)
class Ellipsoid:
    """x^T matrix x <= 1; a sphere of radius r has the matrix I / r^2."""

    matrix: np.ndarray

    @classmethod
    def of(cls, semi_axes, rotation):
        """From three semi-axes and a rotation matrix (3, 3)."""
        return cls(rotation @ np.diag(1 / np.square(semi_axes)) @ rotation.T)

    @property
    def _shadow(self):
        m = self.matrix
        return m[:2, :2] - np.outer(m[:2, 2], m[:2, 2]) / m[2, 2]

    def thickness(self, x, y):
        """2 sqrt((1 - q) / m_zz), q the shadow's quadratic form: the ray's length between its two roots."""
        (a, b), (_, c) = self._shadow
        return 2 * _roots((1 - (a * x * x + 2 * b * x * y + c * y * y)) / self.matrix[2, 2])

    @cached_property
    def outline(self):
        angle = np.linspace(0, 2 * np.pi, OUTLINE_POINTS, endpoint=False)
        values, vectors = np.linalg.eigh(self._shadow)
        return (np.stack([np.cos(angle), np.sin(angle)], axis=1) / np.sqrt(values)) @ vectors.T


@dataclass(frozen=True)
class Polyhedron:
    """Where normals (F, 3) . x <= offsets (F,), the origin inside."""

    normals: np.ndarray
    offsets: np.ndarray

    def thickness(self, x, y):
        """Exit minus entry over all faces."""
        shape = np.broadcast_shapes(x.shape, y.shape)
        top, bottom = np.full(shape, np.inf), np.full(shape, -np.inf)
        for (nx, ny, nz), offset in zip(self.normals, self.offsets, strict=True):
            left = offset - nx * x - ny * y
            if abs(nz) < 1e-9:
                top = np.where(left < 0, -np.inf, top)
            elif nz > 0:
                top = np.minimum(top, left / nz)
            else:
                bottom = np.maximum(bottom, left / nz)
        return np.maximum(top - bottom, 0)

    @cached_property
    def outline(self):
        corners = HalfspaceIntersection(
            np.column_stack([self.normals, -self.offsets]), np.zeros(3)
        ).intersections[:, :2]
        return corners[ConvexHull(corners).vertices]


@dataclass(frozen=True)
class Tube:
    """All within `radius` of a line (N, 2) in the plane; hollow within `inner_radius`. A rod is one, too."""

    line: np.ndarray
    radius: float
    inner_radius: float = 0.0

    def distance(self, x, y):
        """From points of a grid, x (1, W) and y (H, 1), to the line; infinite beyond twice the radius."""
        square = np.full((y.size, x.size), np.inf)
        for start, end in zip(self.line[:-1], self.line[1:], strict=True):
            rows, columns = _near(x, y, np.minimum(start, end), np.maximum(start, end), 2 * self.radius)
            along = end - start
            dx, dy = x[:, columns] - start[0], y[rows] - start[1]
            share = np.clip((dx * along[0] + dy * along[1]) / max(along @ along, 1e-12), 0, 1)
            gap = (dx - share * along[0]) ** 2 + (dy - share * along[1]) ** 2
            square[rows, columns] = np.minimum(square[rows, columns], gap)
        return np.sqrt(square)

    def thickness(self, x, y):
        """2 (sqrt(Ro^2 - d^2) - sqrt(Ri^2 - d^2)): a hollow cylinder seen from the side."""
        square = self.distance(x, y) ** 2
        return 2 * (_roots(self.radius**2 - square) - _roots(self.inner_radius**2 - square))

    @cached_property
    def outline(self):
        if len(self.line) == 2:
            return self._stadium()
        return contour(self.distance, self.line.min(0), self.line.max(0), self.radius)

    def _stadium(self):
        half = np.linspace(-np.pi / 2, np.pi / 2, OUTLINE_POINTS // 2)
        along = self.line[1] - self.line[0]
        angle = np.arctan2(along[1], along[0])
        ends = [
            self.line[k] + self.radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)
            for k, turn in ((1, half + angle), (0, half + angle + np.pi))
        ]
        return np.concatenate(ends)


@dataclass(frozen=True)
class Aggregate:
    """Spheres with centres (N, 3) and radii (N,); where two share a place it counts twice."""

    centres: np.ndarray
    radii: np.ndarray

    def distance(self, x, y):
        """From points of a grid, x (1, W) and y (H, 1), to the nearest sphere's shadow, negative inside."""
        nearest = np.full((y.size, x.size), np.inf)
        for (cx, cy, _), radius in zip(self.centres, self.radii, strict=True):
            rows, columns = _near(x, y, (cx, cy), (cx, cy), 2 * radius)
            gap = np.hypot(x[:, columns] - cx, y[rows] - cy) - radius
            nearest[rows, columns] = np.minimum(nearest[rows, columns], gap)
        return nearest

    def thickness(self, x, y):
        total = np.zeros((y.size, x.size))
        for (cx, cy, _), radius in zip(self.centres, self.radii, strict=True):
            rows, columns = _near(x, y, (cx, cy), (cx, cy), radius)
            total[rows, columns] += 2 * _roots(radius**2 - (x[:, columns] - cx) ** 2 - (y[rows] - cy) ** 2)
        return total

    @cached_property
    def outline(self):
        low, high = self.centres[:, :2].min(0), self.centres[:, :2].max(0)
        reach = float(self.radii.max())
        return contour(lambda x, y: self.distance(x, y) + reach, low, high, reach)


def contour(distance, low, high, level, steps=10):
    """The longest outline where an exact distance equals `level`, from samples level / steps apart.

    A distance field is linear across its own level set, so marching squares finds it to second order of the
    grid: better than 2e-3 of `level`.
    """
    extent = float((high - low).max())
    pitch = max(level / steps, (extent + 2 * level) / 1000)
    low, high = low - level - 3 * pitch, high + level + 3 * pitch
    x = np.arange(low[0], high[0] + pitch, pitch)
    y = np.arange(low[1], high[1] + pitch, pitch)
    # Far from the level only the side counts, and an infinite value has no place to interpolate to.
    field = np.minimum(distance(x[None, :], y[:, None]), 2 * level)
    lines = find_contours(field, level)
    longest = max(lines, key=len)
    outline = longest[:-1, ::-1] * pitch + (x[0], y[0])
    return outline[:: max(1, len(outline) // 1500)]


def _near(x, y, low, high, reach):
    """Rows and columns of a grid, x (1, W) and y (H, 1), within `reach` of a box."""
    (left, right), (top, bottom) = (
        np.searchsorted(at.ravel(), (low[axis] - reach, high[axis] + reach)) for axis, at in enumerate((x, y))
    )
    return slice(top, bottom), slice(left, right)


@dataclass(frozen=True)
class Placed:
    """A particle: nested solids of (material name, solid, sign) at a place on the specimen.

    The first solid is the outermost and gives the outline; a core takes its room from the shell by a second
    entry of the shell's material with sign -1.
    """

    family: str
    parts: tuple
    x_nm: float
    y_nm: float
    diffraction: float = 1.0  # Bragg contrast: factor on the crystalline parts' scattering
    extra: tuple = ()  # what only this family has, as (name, value)

    def thickness(self, x, y):
        """Thickness in nm of each material at points of the specimen."""
        total = {}
        for material, solid, sign in self.parts:
            here = solid.thickness(x - self.x_nm, y - self.y_nm)
            total[material] = total.get(material, 0) + sign * here
        return {material: np.maximum(value, 0) for material, value in total.items()}

    def outline(self):
        """(V, 2) in nm."""
        return self.parts[0][1].outline + (self.x_nm, self.y_nm)

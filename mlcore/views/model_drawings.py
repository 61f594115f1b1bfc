"""Where the parts of two small drawings lie, in the units of their viewBox."""

WIDTH, PAD = 400, 20
COLUMNS_WIDTH, COLUMNS_HEIGHT, TOP = 320, 72, 8


def number_line(difference, margin):
    """Positions of a difference, its interval, zero and the margin along a line; None without an interval."""
    if difference.get("low") is None:
        return None
    named = {"zero": 0.0, "margin": -margin, **{key: difference[key] for key in ("value", "low", "high")}}
    low, high = min(named.values()), max(named.values())
    span = max(high - low, 1e-9)
    return {key: round(PAD + (WIDTH - 2 * PAD) * (at - low) / span, 1) for key, at in named.items()}


def size_columns(histogram):
    """Columns of both members of `shadow_report`'s histogram."""
    first, second, edges = histogram["first"], histogram["second"], histogram["edges"]
    most, slot = max(*first, *second, 1), COLUMNS_WIDTH / len(first)
    width = round(slot * 0.42, 2)
    columns = []
    for k, (mine, theirs) in enumerate(zip(first, second, strict=True)):
        heights = [round(COLUMNS_HEIGHT * n / most, 2) for n in (mine, theirs)]
        columns.append(
            {
                "x": round(k * slot, 2), "x_second": round(k * slot + width, 2), "width": width,
                "height_first": heights[0], "y_first": round(TOP + COLUMNS_HEIGHT - heights[0], 2),
                "height_second": heights[1], "y_second": round(TOP + COLUMNS_HEIGHT - heights[1], 2),
                "from": edges[k], "to": edges[k + 1], "n_first": mine, "n_second": theirs,
            }
        )  # fmt: skip
    return {
        "columns": columns, "unit": histogram["unit"], "low": edges[0], "high": edges[-1],
        "medians": histogram["medians"],
    }  # fmt: skip

"""What the page of a synthesis shows of its run."""

import random

from django import template

from mlcore.simulation.request import RANGES, TITLES

register = template.Library()
SAMPLES = 12


@register.filter
def sample_numbers(run):
    """Frames drawn by lot, the same each time; of those that are made."""
    n = run.steps_done
    return sorted(random.Random(run.seed).sample(range(n), min(SAMPLES, n)))


@register.filter
def synthesis_settings(run):
    """The run's settings as (words, value)."""
    rows = [("Scenes", TITLES.get(run.config["tier"], run.config["tier"]))]
    rows.append(("Side", f"{run.config['size_px']} px"))
    for name, (*_, words) in RANGES.items():
        if name in run.config:
            low, high = run.config[name]
            rows.append((words, f"{low:g} to {high:g}"))
    return rows

"""One request's edits while they are applied: particles and events in memory, written in a few statements."""

import uuid
from collections import defaultdict

from django.db.models import F, Max

from annotations.models import Calibration, Event, LabelClass, Particle
from annotations.services.copy_rows import create_rows
from annotations.services.measure import MEASURED_FIELDS, measure_particle
from annotations.services.projection import GEOMETRY, apply, restore, snapshot

STATEMENT_ROWS = 500
MEASURED = {"calibration", *MEASURED_FIELDS}


class EditBatch:
    """The state of some particles of a locked layer; `write` stores what `add`, `change`, `delete` did."""

    def __init__(self, *, layer, by):
        self.layer, self.by, self.frame = layer, by, layer.frame
        self.particles, self.past_versions = {}, {}
        self.elsewhere = set()  # ids that other layers use
        self.events, self.added, self.changed, self.deleted = [], {}, {}, set()
        self.columns = {"version"}  # those that changes touched: an update writes no others
        self.shifts = defaultdict(int)
        self.project_id = layer.frame.acquisition.project_id

    def load(self, particle_ids):
        """Fetch particles, and the last version of those that are gone, in two statements."""
        wanted = set(particle_ids) - self.particles.keys()
        if not wanted:
            return
        self.particles |= dict.fromkeys(wanted)
        for particle in Particle.objects.filter(id__in=wanted):
            if particle.layer_id == self.layer.pk:
                self.particles[particle.id] = particle
            else:
                self.elsewhere.add(particle.id)
        gone = [key for key in wanted if self.particles[key] is None]
        if gone:
            past = Event.objects.filter(layer=self.layer, particle_id__in=gone).values_list("particle_id")
            self.past_versions |= dict(past.annotate(Max("version")))

    @property
    def class_ids(self):
        if not hasattr(self, "_class_ids"):
            found = LabelClass.objects.filter(project=self.project_id)
            self._class_ids = set(found.values_list("pk", flat=True))
        return self._class_ids

    @property
    def calibration(self):
        if not hasattr(self, "_calibration"):
            self._calibration = Calibration.objects.current_for(self.frame)
        return self._calibration

    def add(self, *, edit, group, particle_id, state, undoes=None):
        """A new particle, or a deleted one back, from a snapshot."""
        state = dict(state)
        if state["label_class"] not in self.class_ids:
            state["label_class"] = None  # the class was deleted since
        if state["source"] and not Particle.objects.filter(pk=state["source"]).exists():
            state["source"] = None
        version = self.past_versions.get(particle_id, 0) + 1
        particle = restore(layer=self.layer, particle_id=particle_id, version=version, state=state)
        self._measure(particle)
        self.particles[particle_id] = self.added[particle_id] = particle
        self._event(edit, group, undoes, Event.Action.ADD, particle_id, version, None, state)
        return particle

    def copy(self, *, edit, group, particle_id, state, measured_as):
        """A new particle with the outline of another one on the same frame, and so with its sizes."""
        particle = restore(layer=self.layer, particle_id=particle_id, version=1, state=state)
        for name in MEASURED_FIELDS:
            setattr(particle, name, getattr(measured_as, name))
        particle.calibration_id = measured_as.calibration_id
        self.take(edit=edit, group=group, particle=particle, state=state)

    def take(self, *, edit, group, particle, state=None):
        """A new particle that is made and measured already."""
        self.particles[particle.id] = self.added[particle.id] = particle
        state = state or snapshot(particle)
        self._event(edit, group, None, Event.Action.ADD, particle.id, particle.version, None, state)

    def change(self, *, edit, group, particle, fields, undoes=None):
        """Set fields; those that are already so are left out, an edit that changes nothing still counts."""
        if fields.get("label_class") is not None and fields["label_class"] not in self.class_ids:
            fields = {**fields, "label_class": None}  # an undo: the class was deleted since
        before = {name: value for name, value in snapshot(particle).items() if name in fields}
        if "decision" in fields:
            before["decision"] = particle.decision
        apply(particle, fields)
        particle.version += 1
        self.columns |= fields.keys()
        if "x" in fields or "outline" in fields:
            self._measure(particle)
            self.columns |= MEASURED
        if particle.id not in self.added:
            self.changed[particle.id] = particle
        self._event(edit, group, undoes, Event.Action.CHANGE, particle.id, particle.version, before, fields)

    def delete(self, *, edit, group, particle, undoes=None):
        version = particle.version + 1
        self.past_versions[particle.id] = version
        self.particles[particle.id] = None
        self.changed.pop(particle.id, None)
        if self.added.pop(particle.id, None) is None:
            self.deleted.add(particle.id)
        self._event(edit, group, undoes, Event.Action.DELETE, particle.id, version, snapshot(particle), None)

    def events_since(self, particle_id, version):
        """What happened to a particle after a version, this request's part included."""
        stored = Event.objects.filter(layer=self.layer, particle_id=particle_id, version__gt=version)
        new = [e for e in self.events if e.particle_id == particle_id and e.version > version]
        return [*stored.select_related("actor").order_by("version"), *new]

    def write(self):
        """Deletions first: a particle taken back and drawn anew within one request has one id."""
        if not self.events:
            return
        if self.deleted:
            Particle.objects.filter(id__in=self.deleted).delete()
        create_rows(Particle, self.added.values())
        if len(self.changed) == 1:
            next(iter(self.changed.values())).save(update_fields=self.columns)
        elif self.changed:
            self._update_many()
        create_rows(Event, self.events)
        self.layer.save(update_fields=["sequence"])

    def _update_many(self):
        """One statement where all get the same value (a class, a decision), else one a batch of rows."""
        names = self.columns - {"version"}
        values = [tuple(getattr(row, name) for name in names) for row in self.changed.values()]
        if not names & {*GEOMETRY, *MEASURED} and values.count(values[0]) == len(values):
            versions = {event.particle_id for event in self.events}
            if len(versions) == len(self.events):  # one edit each: each version grows by one
                rows = Particle.objects.filter(id__in=self.changed)
                rows.update(version=F("version") + 1, **dict(zip(names, values[0], strict=True)))
                return
        Particle.objects.bulk_update(self.changed.values(), self.columns, batch_size=STATEMENT_ROWS)

    def _measure(self, particle):
        calibration = self.calibration if particle.outline is not None else None
        measure_particle(particle=particle, frame=self.frame, calibration=calibration)

    def _event(self, edit, group, undoes, action, particle_id, version, before, after):
        self.layer.sequence += 1
        event = Event(layer=self.layer, sequence=self.layer.sequence, actor=self.by, edit=edit, group=group)
        event.undoes, event.action, event.particle_id, event.version = undoes, action, particle_id, version
        event.before, event.after = before, after
        self.events.append(event)


def derived_id(group, key) -> uuid.UUID:
    """The id of one of many edits that a single request stands for: the same again when it is replayed."""
    return uuid.uuid5(group, str(key))

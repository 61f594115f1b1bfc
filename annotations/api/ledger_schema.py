"""What the addresses below a layer take and answer, for the schema: a client can be made from it.

The answers are written as plain JSON (`particle_rows`, `edits`), which is quicker with thousands of boxes; a
test holds real ones against what is said here.
"""

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers as s

from annotations.models import Event, Particle

STATUSES = ["applied", "duplicate", "merged", "conflict", "refused"]
HEX = "Ids without hyphens."
PACKED = "Packed as [x, y, dx, dy, ...] in sixteenths of a pixel."


def numbers(**more):
    return s.ListField(child=s.FloatField(**more))


class PackedOutline(s.ListField):
    child = s.IntegerField()


class EditFieldsSerializer(s.Serializer):
    x = s.FloatField(required=False, help_text="px, as the other lengths.")
    y = s.FloatField(required=False)
    width = s.FloatField(required=False)
    height = s.FloatField(required=False)
    label_class = s.IntegerField(required=False, allow_null=True)
    outline = s.ListField(
        child=s.ListField(child=s.FloatField(), min_length=2, max_length=2),
        min_length=3, required=False, allow_null=True, help_text="[[x, y], ...] in px; not closed.",
    )  # fmt: skip


@extend_schema_field(EditFieldsSerializer)
class EditFields(s.DictField):
    """Not looked into here: one bad edit is refused in its own result and holds up none of the others."""


class ParticleRowSerializer(s.Serializer):
    id = s.UUIDField()
    version = s.IntegerField()
    label_class = s.IntegerField(allow_null=True)
    x = s.FloatField()
    y = s.FloatField()
    width = s.FloatField()
    height = s.FloatField()
    confidence = s.FloatField(allow_null=True)
    origin = s.ChoiceField(Particle.Origin.choices)
    decision = s.ChoiceField(Particle.Decision.choices)
    ecd_px = s.FloatField(allow_null=True)
    ecd_nm = s.FloatField(allow_null=True)
    outline = PackedOutline(allow_null=True, help_text=PACKED)


class EditResultSerializer(s.Serializer):
    id = s.UUIDField(help_text="The edit's.")
    status = s.ChoiceField(STATUSES)
    version = s.IntegerField(required=False, help_text="The particle's after it.")
    detail = s.CharField(required=False, help_text="Why, in one sentence.")
    particles = ParticleRowSerializer(
        many=True, required=False, help_text="As they are now, where that is not what was asked for."
    )
    gone = s.ListField(child=s.UUIDField(), required=False, help_text="Particles that are no more.")
    suggestion_layers = s.ListField(
        child=s.IntegerField(), required=False, help_text="Where decisions were taken back."
    )
    reload = s.BooleanField(required=False, help_text="Too many to tell: read the layer again.")


class RecordedSerializer(s.Serializer):
    sequence = s.IntegerField(help_text="The layer's.")
    events = s.IntegerField(help_text="How many this request added.")
    results = EditResultSerializer(many=True, help_text="One an edit.")


class EventSerializer(s.Serializer):
    sequence = s.IntegerField()
    edit = s.UUIDField()
    group = s.UUIDField()
    action = s.ChoiceField(Event.Action.choices)
    particle = s.UUIDField()
    version = s.IntegerField()
    by = s.CharField(allow_blank=True)
    at = s.DateTimeField()


class EventsSinceSerializer(s.Serializer):
    sequence = s.IntegerField(help_text="Ask on from here.")
    more = s.BooleanField(help_text="One answer was not enough.")
    events = EventSerializer(many=True)
    particles = ParticleRowSerializer(many=True, help_text="Those touched, as they are now.")
    gone = s.ListField(child=s.UUIDField())


class DecidedSerializer(s.Serializer):
    layer = s.IntegerField(help_text="The layer of annotations.")
    sequence = s.IntegerField(help_text="Its.")
    decided = s.IntegerField(help_text="How many suggestions.")
    already_there = s.IntegerField(
        help_text="How many of them were accepted without a new annotation: a box with an IoU of 0.5 or more "
        "is there."
    )
    events = s.IntegerField(help_text="How many annotations were added.")
    particles = ParticleRowSerializer(
        many=True, required=False, help_text="The new ones, where they are few."
    )
    reload = s.BooleanField(required=False, help_text="Else: read the layer again.")


class ParticleColumnsSerializer(s.Serializer):
    layer = s.IntegerField()
    sequence = s.IntegerField(help_text="The layer's when this was read.")
    n = s.IntegerField(help_text="The length of each column.")
    id = s.ListField(child=s.CharField(), help_text=HEX)
    version = s.ListField(child=s.IntegerField())
    label_class = s.ListField(child=s.IntegerField(allow_null=True))
    x = numbers()
    y = numbers()
    width = numbers()
    height = numbers()
    confidence = numbers(allow_null=True)
    origin = s.ListField(child=s.ChoiceField(Particle.Origin.choices))
    decision = s.ListField(child=s.ChoiceField(Particle.Decision.choices))
    ecd_px = numbers(allow_null=True)
    ecd_nm = numbers(allow_null=True)


class OutlineColumnsSerializer(s.Serializer):
    id = s.ListField(child=s.CharField(), help_text=HEX)
    outline = s.ListField(child=PackedOutline(), help_text=PACKED)


COLUMNS_OR_OUTLINES = PolymorphicProxySerializer(
    component_name="LayerParticles",
    serializers=[ParticleColumnsSerializer, OutlineColumnsSerializer],
    resource_type_field_name=None,
)

STATE = {
    "type": "object",
    "nullable": True,
    "additionalProperties": False,
    "properties": {
        **{name: {"type": "number"} for name in ("x", "y", "width", "height")},
        "label_class": {"type": "integer", "nullable": True},
        "engine": {"type": "string"},
        **{
            name: {"type": "number", "nullable": True}
            for name in ("confidence", "engine_ecd_px_low", "engine_ecd_px_high")
        },
        "origin": {"type": "string"},
        "decision": {"type": "string"},
        "has_outline": {"type": "boolean"},
    },
}


@extend_schema_field({
    "type": "array",
    "minItems": 8,
    "maxItems": 8,
    "items": {"anyOf": [{"type": "integer"}, {"type": "string", "nullable": True}, STATE]},
})  # fmt: skip
class HistoryRow(s.ListField):
    pass


class HistorySerializer(s.Serializer):
    more = s.BooleanField(help_text="One answer was not enough.")
    rows = s.ListField(
        child=HistoryRow(),
        help_text="[key, layer, group, undoes, action, particle, before, after], oldest first: two whole "
        "numbers, an id, an id or null, a word, an id, and what the particle was and became, without its "
        "outline (null: not there). " + HEX,
    )

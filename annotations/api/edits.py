"""The ledger over HTTP: send edits, read what happened since, take up one's own history."""

from django.core.exceptions import ValidationError
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.api.layer_access import editable_layer, visible_layer
from annotations.api.ledger_schema import (
    EditFields,
    EventsSinceSerializer,
    HistorySerializer,
    RecordedSerializer,
)
from annotations.api.particle_rows import gzipped_json, row
from annotations.services.edit_history import events_since, own_events, touched_particles
from annotations.services.fit import fit_outlines
from annotations.services.record_edits import MAX_EDITS, Edit, record_edits

MAX_ROWS = 50  # particles told in one result; beyond that the client reads the layer again
MAX_FITS = 100


class EditSerializer(serializers.Serializer):
    id = serializers.UUIDField(help_text="Chosen by the client; sent again, the edit is done once.")
    group = serializers.UUIDField(help_text="One gesture: undone together.")
    action = serializers.ChoiceField(["add", "change", "delete", "undo"])
    particle = serializers.UUIDField(required=False, help_text="Chosen by the client where one is added.")
    base_version = serializers.IntegerField(min_value=0, default=0, help_text="The version that was seen.")
    fields_ = EditFields(required=False, default=dict)
    undoes = serializers.UUIDField(required=False, allow_null=True, default=None)

    def get_fields(self):
        # `fields` is a property of every serializer, so the field of that name is added here.
        found = super().get_fields()
        found["fields"] = found.pop("fields_")
        return found

    def validate(self, attrs):
        if attrs["action"] != "undo" and attrs.get("particle") is None:
            raise serializers.ValidationError({"particle": "Which particle? Only an undo needs none."})
        return attrs


class EditsSerializer(serializers.Serializer):
    edits = EditSerializer(many=True, allow_empty=False, max_length=MAX_EDITS)


class FitSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    group = serializers.UUIDField()
    particle = serializers.UUIDField()
    base_version = serializers.IntegerField(min_value=0, default=0)


class FitsSerializer(serializers.Serializer):
    edits = FitSerializer(many=True, allow_empty=False, max_length=MAX_FITS)


def told(result):
    """A result without what is empty: an edit's answer stays small."""
    body = {"id": str(result.id), "status": result.status}
    if result.version is not None:
        body["version"] = result.version
    if result.detail:
        body["detail"] = result.detail
    if result.suggestion_layers:
        body["suggestion_layers"] = result.suggestion_layers
    if len(result.particles) + len(result.gone) > MAX_ROWS:
        return body | {"reload": True}
    if result.particles:
        body["particles"] = [row(particle) for particle in result.particles]
    if result.gone:
        body["gone"] = [str(key) for key in result.gone]
    return body


def answer(recorded):
    results = [told(result) for result in recorded.results]
    return Response({"sequence": recorded.sequence, "events": recorded.count, "results": results})


def _whole(request, name):
    text = request.query_params.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ValidationError({name: f"{name} must be a whole number of 0 or more."})
    return int(text)


class EditsView(APIView):
    @extend_schema(
        parameters=[OpenApiParameter("since", int)],
        responses=EventsSinceSerializer,
    )
    def get(self, request, pk):
        """What happened to a layer after sequence number `since`."""
        layer = visible_layer(request, pk)
        events, has_more = events_since(layer=layer, sequence=_whole(request, "since"))
        particles, gone = touched_particles(layer=layer, events=events)
        body = {
            "sequence": events[-1].sequence if events else layer.sequence,
            "more": has_more,
            "events": [
                {"sequence": e.sequence, "edit": str(e.edit), "group": str(e.group), "action": e.action,
                 "particle": str(e.particle_id), "version": e.version,
                 "by": e.actor.display_name if e.actor else "", "at": e.at.isoformat()}
                for e in events
            ],
            "particles": [row(particle) for particle in particles],
            "gone": [str(key) for key in gone],
        }  # fmt: skip
        return gzipped_json(request, body)

    @extend_schema(request=EditsSerializer, responses=RecordedSerializer)
    def post(self, request, pk):
        """Record edits, each exactly once however often it is sent."""
        layer = editable_layer(request, pk)
        sent = EditsSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        edits = [Edit(**edit) for edit in sent.validated_data["edits"]]
        return answer(record_edits(layer=layer, by=request.user, edits=edits))


class FitView(APIView):
    @extend_schema(request=FitsSerializer, responses=RecordedSerializer)
    def post(self, request, pk):
        """Find the outline of what is in each box, on the original pixels, and record it."""
        layer = editable_layer(request, pk)
        sent = FitsSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        edits = [Edit(action="change", **edit) for edit in sent.validated_data["edits"]]
        return answer(fit_outlines(layer=layer, by=request.user, edits=edits))


class HistoryView(APIView):
    @extend_schema(
        parameters=[OpenApiParameter("after", int)],
        responses=HistorySerializer,
    )
    def get(self, request, pk):
        """One's own edits on the layer's frame: what undo and redo are made of after a reload."""
        layer = visible_layer(request, pk)
        events, has_more = own_events(layer=layer, by=request.user, after=_whole(request, "after"))
        rows = [
            [e.pk, e.layer_id, e.group.hex, e.undoes.hex if e.undoes else None, e.action, e.particle_id.hex,
             _slim(e.before), _slim(e.after)]
            for e in events
        ]  # fmt: skip
        return gzipped_json(request, {"more": has_more, "rows": rows})


def _slim(state):
    if state is None:
        return None
    kept = {name: value for name, value in state.items() if name not in {"outline", "source", "created_by"}}
    return kept | ({"has_outline": state["outline"] is not None} if "outline" in state else {})

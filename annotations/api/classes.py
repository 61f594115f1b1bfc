from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import generics, serializers, status
from rest_framework.response import Response

from annotations.api.schema import described
from annotations.models import LabelClass, Project
from annotations.models.overview import with_particle_counts
from annotations.services.access import fetch
from annotations.services.classes import create_class, delete_class, suggest, update_class


class LabelClassSerializer(serializers.ModelSerializer):
    # Not required: a new class gets the first free colour. Uniqueness is the service's, with its sentence.
    color = serializers.RegexField(r"^#[0-9a-fA-F]{6}\Z", required=False)
    key = serializers.IntegerField(min_value=1, max_value=9, allow_null=True, required=False)
    particles = serializers.IntegerField(source="n_particles", read_only=True, default=0)

    class Meta:
        model = LabelClass
        fields = ["id", "name", "color", "key", "particles"]
        read_only_fields = ["id"]


@described(
    get="The project’s classes, with how many particles have each.",
    post="Add a class; without a colour or key it takes the first free ones.",
)
class LabelClassesView(generics.ListCreateAPIView):
    """The project's classes. POST without a colour or key takes the first free ones."""

    serializer_class = LabelClassSerializer
    queryset = LabelClass.objects.none()

    def get_queryset(self):
        project = fetch(Project.objects, by=self.request.user, pk=self.kwargs["pk"])
        return with_particle_counts(project.label_classes.all())

    def create(self, request, *args, **kwargs):
        # Fetched before the body is looked at: who may not add classes learns that and no more.
        project = fetch(Project.objects, by=request.user, may="manageable_by", pk=self.kwargs["pk"])
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        label_class = create_class(project=project, **(suggest(project=project) | asked.validated_data))
        return Response(self.get_serializer(label_class).data, status=status.HTTP_201_CREATED)


@described(
    get="One class.",
    patch="Change the class; giving it a key that another has swaps the two.",
)
class LabelClassView(generics.RetrieveUpdateDestroyAPIView):
    """One class. Giving it a key that another class has swaps the two."""

    serializer_class = LabelClassSerializer
    queryset = LabelClass.objects.none()
    lookup_url_kwarg = "class_pk"
    http_method_names = ["get", "patch", "delete", "head", "options"]

    def get_object(self):
        rows = with_particle_counts(LabelClass.objects.select_related("project"))
        may = "visible_to" if self.request.method in {"GET", "HEAD"} else "manageable_by"
        found = {"project_id": self.kwargs["pk"], "pk": self.kwargs["class_pk"]}
        return fetch(rows, by=self.request.user, may=may, **found)

    def perform_update(self, serializer):
        update_class(label_class=serializer.instance, **serializer.validated_data)
        serializer.instance = self.get_object()

    @extend_schema(
        responses={200: inline_serializer("ClassDeleted", {"unclassified": serializers.IntegerField()})}
    )
    def delete(self, request, *args, **kwargs):
        """Delete the class. Its particles are kept, unclassified; the answer says how many."""
        freed = delete_class(by=request.user, label_class=self.get_object())
        return Response({"unclassified": freed})

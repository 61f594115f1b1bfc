from django.db.models import Count
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.api.schema import described
from annotations.models import Project, Role, User
from annotations.services.access import fetch
from annotations.services.projects import create_project, delete_project, update_project


class ProjectSerializer(serializers.ModelSerializer):
    role = serializers.SerializerMethodField(help_text="Yours.")
    images = serializers.IntegerField(source="n_acquisitions", read_only=True, default=0)

    class Meta:
        model = Project
        fields = ["id", "name", "description", "role", "images", "created_at"]
        read_only_fields = ["id", "created_at"]

    def get_role(self, project) -> str:
        return project.role_of(self.context["request"].user) or ""


@described(
    get="Your projects.",
    post="Make a project; who makes one owns it.",
)
class ProjectsView(generics.ListCreateAPIView):
    """Your projects; who makes one owns it."""

    serializer_class = ProjectSerializer

    def get_queryset(self):
        return counted(Project.objects.visible_to(self.request.user))

    def perform_create(self, serializer):
        serializer.instance = create_project(by=self.request.user, **serializer.validated_data)


class ProjectDeletionSerializer(serializers.Serializer):
    name = serializers.CharField(
        help_text="The project's name, typed: what is deleted cannot be brought back."
    )


@described(
    get="One project.",
    patch="Rename or describe the project, as its managers may.",
)
class ProjectView(generics.RetrieveUpdateDestroyAPIView):
    """One project. Its managers may rename and describe it, its owners delete it."""

    serializer_class = ProjectSerializer
    http_method_names = ["get", "patch", "delete", "head", "options"]

    def get_object(self):
        may = {"PATCH": "manageable_by", "DELETE": "owned_by"}.get(self.request.method, "visible_to")
        return fetch(counted(Project.objects.all()), by=self.request.user, may=may, pk=self.kwargs["pk"])

    def perform_update(self, serializer):
        update_project(project=serializer.instance, **serializer.validated_data)
        serializer.instance = self.get_object()

    @extend_schema(request=ProjectDeletionSerializer, responses={204: None})
    def delete(self, request, *args, **kwargs):
        """Delete the project with all that was uploaded to it and drawn in it; `name` is its name."""
        project = self.get_object()
        asked = ProjectDeletionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        delete_project(project=project, typed_name=asked.validated_data["name"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeSerializer(serializers.ModelSerializer):
    display_name = serializers.CharField(read_only=True)
    email = serializers.CharField(read_only=True, help_text="Empty where none is known.")

    class Meta:
        model = User
        fields = ["id", "username", "display_name", "email"]
        read_only_fields = fields


class MeView(APIView):
    """Whose token or session this is."""

    serializer_class = MeSerializer

    def get(self, request):
        return Response(MeSerializer(request.user).data)


def counted(projects):
    return projects.annotate(n_acquisitions=Count("acquisitions"))


def role_field(**more):
    return serializers.ChoiceField(choices=Role.choices, **more)

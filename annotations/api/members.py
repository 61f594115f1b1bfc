from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.api.projects import role_field
from annotations.api.schema import described
from annotations.models import Invitation, Membership, Project
from annotations.services.access import fetch
from annotations.services.invitations import create_invitation, revoke_invitation
from annotations.services.members import change_role, leave_project, remove_member


class MemberSerializer(serializers.ModelSerializer):
    username = serializers.CharField(source="user.username", read_only=True)
    name = serializers.CharField(source="user.display_name", read_only=True)
    role = role_field()

    class Meta:
        model = Membership
        fields = ["id", "username", "name", "role", "since"]
        read_only_fields = ["id", "since"]


class MembersView(generics.ListAPIView):
    """Who belongs to the project."""

    serializer_class = MemberSerializer
    queryset = Membership.objects.none()

    def get_queryset(self):
        project = fetch(Project.objects, by=self.request.user, pk=self.kwargs["pk"])
        return project.memberships.select_related("user")


class MemberView(APIView):
    serializer_class = MemberSerializer

    @extend_schema(request=MemberSerializer, responses=MemberSerializer)
    def patch(self, request, pk, member_pk):
        """Give the member another role, up to your own."""
        membership = self.membership(member_pk)
        asked = MemberSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        change_role(by=request.user, membership=membership, role=asked.validated_data["role"])
        return Response(MemberSerializer(self.membership(member_pk)).data)

    @extend_schema(responses={204: None})
    def delete(self, request, pk, member_pk):
        """Take the member out of the project; what they drew stays."""
        remove_member(by=request.user, membership=self.membership(member_pk))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def membership(self, member_pk):
        rows = Membership.objects.select_related("user", "project")
        found = {"project_id": self.kwargs["pk"], "pk": member_pk}
        return fetch(rows, by=self.request.user, may="manageable_by", **found)


class LeaveView(APIView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request, pk):
        """Leave the project; its only owner cannot."""
        leave_project(by=request.user, project=fetch(Project.objects, by=request.user, pk=pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class InvitationSerializer(serializers.ModelSerializer):
    role = role_field()
    invited_by = serializers.CharField(source="invited_by.username", read_only=True)
    link = serializers.CharField(read_only=True, default="", help_text="Given once, by the answer to POST.")

    class Meta:
        model = Invitation
        fields = ["id", "email", "role", "invited_by", "created_at", "expires_at", "link"]
        read_only_fields = ["id", "created_at", "expires_at"]


@described(
    get="The project’s open invitations.",
    post="Make a link that is good for one person and seven days.",
)
class InvitationsView(generics.ListCreateAPIView):
    """Open invitations. POST makes a link that is good for one person and seven days."""

    serializer_class = InvitationSerializer
    queryset = Invitation.objects.none()

    def get_queryset(self):
        return self.project().invitations.open().select_related("invited_by")

    def create(self, request, *args, **kwargs):
        project = self.project()
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        invitation, link = create_invitation(
            by=request.user,
            project=project,
            role=asked.validated_data["role"],
            email=asked.validated_data.get("email", ""),
            link_of=lambda secret: request.build_absolute_uri(reverse("invitation", args=[secret])),
        )
        invitation.link = link
        return Response(self.get_serializer(invitation).data, status=status.HTTP_201_CREATED)

    def project(self):
        return fetch(Project.objects, by=self.request.user, may="manageable_by", pk=self.kwargs["pk"])


class InvitationView(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request, pk, invitation_pk):
        """Take the invitation back; its link no longer works."""
        found = {"project_id": pk, "pk": invitation_pk}
        revoke_invitation(invitation=fetch(Invitation.objects, by=request.user, may="manageable_by", **found))
        return Response(status=status.HTTP_204_NO_CONTENT)

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.api.schema import described
from annotations.models import ApiToken
from annotations.services.api_tokens import create_token, revoke_token


class TokenSerializer(serializers.ModelSerializer):
    lifetime_days = serializers.IntegerField(
        min_value=1, max_value=3650, allow_null=True, required=False, write_only=True
    )
    secret = serializers.CharField(read_only=True, default="", help_text="Given once, by the answer to POST.")

    class Meta:
        model = ApiToken
        fields = [
            "id", "name", "hint", "created_at", "expires_at", "last_used_at", "lifetime_days", "secret",
        ]  # fmt: skip
        read_only_fields = ["id", "hint", "created_at", "expires_at", "last_used_at"]


@described(
    get="Your API tokens.",
    post="Make a token; the answer alone holds its secret.",
)
class TokensView(generics.ListCreateAPIView):
    """Your API tokens."""

    serializer_class = TokenSerializer
    queryset = ApiToken.objects.none()

    def get_queryset(self):
        return ApiToken.objects.owned_by(self.request.user)

    def create(self, request, *args, **kwargs):
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        token, secret = create_token(user=request.user, **asked.validated_data)
        token.secret = secret
        return Response(self.get_serializer(token).data, status=status.HTTP_201_CREATED)


class TokenView(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request, token_pk):
        """Revoke the token, from the next request on."""
        revoke_token(token=get_object_or_404(ApiToken.objects.owned_by(request.user), pk=token_pk))
        return Response(status=status.HTTP_204_NO_CONTENT)

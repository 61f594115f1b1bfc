"""Who asks: `Authorization: Bearer etem_…`, a person's API token; or the browser's session."""

from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import (
    BaseAuthentication,
    SessionAuthentication,
    get_authorization_header,
)
from rest_framework.exceptions import AuthenticationFailed

from annotations.services.api_tokens import use_token

KEYWORD = b"bearer"
PAGE_USER_HEADER = "X-Page-User"  # the key of the user for whom the page was made


class BearerAuthentication(BaseAuthentication):
    def authenticate(self, request):
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != KEYWORD:
            return None
        token = use_token(secret=words[1].decode("latin-1")) if len(words) == 2 else None
        if token is None:
            raise AuthenticationFailed(
                "This API token is unknown, expired or revoked; make a new one on your account page."
            )
        return token.user, token

    def authenticate_header(self, request):
        return "Bearer"


class PageSessionAuthentication(SessionAuthentication):
    """The session, unless somebody else has logged in since the page was loaded, in another tab.

    What one person drew must not be saved under another's name; the page keeps it until its user is back.
    """

    def authenticate(self, request):
        found = super().authenticate(request)
        page_user = request.headers.get(PAGE_USER_HEADER)
        if found and page_user and page_user != str(found[0].pk):
            raise AuthenticationFailed(
                f"{found[0].display_name} has logged in here since; log in as yourself to go on."
            )
        return found


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = BearerAuthentication
    name = "apiToken"

    def get_security_definition(self, auto_schema):
        return {"type": "http", "scheme": "bearer", "description": "An API token from your account page."}


class PageSessionScheme(SessionScheme):
    target_class = PageSessionAuthentication
    priority = 0

from rest_framework.pagination import LimitOffsetPagination


class Pages(LimitOffsetPagination):
    """A hundred rows unless asked otherwise, a thousand at most."""

    default_limit = 100
    max_limit = 1000
    max_offset = 2**31

    def get_offset(self, request):
        return min(super().get_offset(request), self.max_offset)

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A person with a log-in. What they may see follows from their memberships alone."""

    @property
    def display_name(self):
        return self.get_full_name() or self.username

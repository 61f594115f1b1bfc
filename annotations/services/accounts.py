"""A person's own account."""


def update_profile(*, user, first_name, last_name, email):
    user.first_name, user.last_name, user.email = first_name.strip(), last_name.strip(), email.strip()
    user.full_clean()
    user.save(update_fields=["first_name", "last_name", "email"])
    return user

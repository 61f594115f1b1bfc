"""What people say an acquisition is of: images of one specimen stay on one side of a dataset's split."""

from django.core.exceptions import ValidationError
from django.db import transaction

from annotations.models import Acquisition
from annotations.services.notify import push


@transaction.atomic
def name_specimen(*, acquisition, name) -> Acquisition:
    """Name the specimen, or with an empty name leave it to a guess; datasets that are frozen keep theirs.

    Raises
    ------
    ValidationError
        If the name is too long.
    """
    name = " ".join(str(name).split())
    most = Acquisition._meta.get_field("specimen").max_length
    if len(name) > most:
        raise ValidationError(
            {"specimen": f"A specimen's name has at most {most} characters, got {len(name)}."}
        )
    acquisition.specimen = name
    acquisition.save(update_fields=["specimen"])
    push(project_id=acquisition.project_id, kind="acquisition", payload={"id": acquisition.pk})
    return acquisition

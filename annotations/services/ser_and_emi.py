"""What an EMI tells goes to the SER files it was written with, in one project, whichever comes first.

TIA writes `x.emi` with `x_1.ser`, `x_2.ser` …; the names are all that ties them together. An EMI holds no
image and is refused as one, so its row keeps what it told. Only what a SER does not tell is taken over.
"""

import re

from annotations.models import Acquisition
from annotations.services.acquisition_fields import set_fields
from annotations.services.import_acquisition import summary
from annotations.services.notify import push
from annotations.services.storage import lock_original

TOLD = "emi"  # the key in both rows' metadata
SER_NAME = re.compile(r"(.+)_(\d{1,4})\.ser", re.IGNORECASE | re.DOTALL)


def tell_sers(*, emi):
    """Take an EMI's words over to the SER files that are there already; within a transaction."""
    _one_at_a_time(emi)
    stem = emi.name.rpartition(".")[0]
    rows = Acquisition.objects.select_for_update().filter(
        project=emi.project_id, name__istartswith=f"{stem}_", status=Acquisition.Status.READY
    )
    for row in rows:
        if _stem(row.name) == stem.lower() and _take_over(row, emi):
            row.save()
            push(project_id=row.project_id, kind="acquisition", payload=summary(row))


def hear_emi(*, ser):
    """Take over what an EMI told before the SER came; within a transaction, before the row is saved."""
    stem = _stem(ser.name)
    if stem is None:
        return
    _one_at_a_time(ser)
    told = Acquisition.objects.filter(
        project=ser.project_id, name__iexact=f"{stem}.emi", status=Acquisition.Status.REFUSED,
        metadata__has_key=TOLD,
    )  # fmt: skip
    emi = told.order_by("pk").last()
    if emi is not None:
        _take_over(ser, emi)


def _one_at_a_time(row):
    """Two workers that have one of a pair each would otherwise both look before the other is there."""
    lock_original(row.project_id, "SER and EMI")


def _stem(name):
    match = SER_NAME.fullmatch(name)
    return match and match[1].lower()


def _take_over(row, emi):
    """Whether anything was new."""
    objects, number = emi.metadata[TOLD], int(SER_NAME.fullmatch(row.name)[2])
    if not 1 <= number <= len(objects) or TOLD in row.metadata:
        return False
    told = objects[number - 1]
    row.metadata = {**row.metadata, TOLD: told["metadata"]}
    set_fields(row, {name: value for name, value in told["fields"].items() if not getattr(row, name)})
    row.notes = [*row.notes, f"What the SER does not tell (voltage, magnification) is from “{emi.name}”."]
    return True

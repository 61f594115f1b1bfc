"""What a look at one part of the site found."""

from dataclasses import dataclass

OK, WARNING, FAILED = "ok", "warning", "failed"


@dataclass(frozen=True)
class Finding:
    """`says` what is so, in one sentence; `remedy` what to do, empty where all is well."""

    part: str
    state: str
    says: str
    remedy: str = ""


def ok(part, says):
    return Finding(part, OK, says)


def warning(part, says, remedy):
    return Finding(part, WARNING, says, remedy)


def failed(part, says, remedy):
    return Finding(part, FAILED, says, remedy)

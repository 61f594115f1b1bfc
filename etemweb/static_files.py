"""Static files, served before Django is asked: no session, no database, no thread for a request."""

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from servestatic import ServeStaticASGI


def with_static_files(application):
    """ASGI: what Django's finders find below STATIC_URL, else `application`.

    The release is in the address (docs/decisions/0002), so browsers keep a file for ever. A compressed
    neighbour (`name.gz`) is sent where it is accepted. With DEBUG files are looked up anew each time.
    """
    served = ServeStaticASGI(
        application,
        autorefresh=settings.DEBUG,
        max_age=0,
        immutable_file_test=lambda path, url: not settings.DEBUG,
        allow_all_origins=False,
        add_headers_function=_add_headers,
    )
    for finder in get_finders():
        for name, storage in finder.list(None):
            prefix = getattr(storage, "prefix", None)
            start = settings.STATIC_URL + (f"{prefix}/" if prefix else "")
            if settings.DEBUG:
                served.insert_directory(storage.location, start)
            elif (url := start + name.replace("\\", "/")) not in served.files:  # the first finder's counts
                served.add_file_to_dictionary(url, storage.path(name))
    return served


def _add_headers(headers, path, url):
    headers["X-Content-Type-Options"] = "nosniff"

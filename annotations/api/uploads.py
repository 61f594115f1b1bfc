"""Files coming in: resumable by tus 1.0 (https://tus.io/protocols/resumable-upload), or in one request."""

import base64
import binascii
import shutil
import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import http_date
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations.models import Acquisition, Project, Upload
from annotations.services.access import fetch
from annotations.services.import_acquisition import import_acquisition
from annotations.services.uploads import append_chunk, cancel_upload, check_size, create_upload, finish_upload

TUS_VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,expiration"
CHUNK_TYPE = "application/offset+octet-stream"
MAX_METADATA_CHARACTERS = 4000
STATUS = {
    "unsupported_version": status.HTTP_412_PRECONDITION_FAILED,
    "content_type": status.HTTP_415_UNSUPPORTED_MEDIA_TYPE,
    "too_large": status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    "too_much": status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    "wrong_offset": status.HTTP_409_CONFLICT,
    "busy": status.HTTP_423_LOCKED,
    "gone": status.HTTP_410_GONE,
    "disk_full": status.HTTP_507_INSUFFICIENT_STORAGE,
}


class Refused(APIException):
    """A service's refusal with the status code that its kind has in HTTP."""

    def __init__(self, error):
        code = getattr(error, "code", None) or "invalid"
        self.status_code = STATUS.get(code, status.HTTP_400_BAD_REQUEST)
        super().__init__(" ".join(error.messages), code)


def refuse(sentence, code="invalid"):
    return Refused(ValidationError(sentence, code=code))


def uploadable_project(user, pk):
    """The project, if `user` may upload there; a stranger gets 404, a viewer 403."""
    if not (pk.isascii() and pk.isdecimal() and len(pk) < 19):
        raise Http404
    return fetch(Project.objects, by=user, may="editable_by", pk=pk)


class WhatBecameOfItSerializer(serializers.ModelSerializer):
    """The acquisition as far as a page that uploaded it wants to know."""

    page_url = serializers.SerializerMethodField(help_text="Its first frame once it is ready, else empty.")

    class Meta:
        model = Acquisition
        fields = ["id", "name", "status", "progress", "message", "page_url"]
        read_only_fields = fields

    def get_page_url(self, acquisition) -> str:
        is_ready = acquisition.status == Acquisition.Status.READY
        first = acquisition.frames.first() if is_ready else None
        return first.get_absolute_url() if first else ""


class UploadSerializer(serializers.ModelSerializer):
    """`acquisition` is empty until the last byte has come; `message` then says if the file was known."""

    expires_at = serializers.DateTimeField(read_only=True)
    acquisition = WhatBecameOfItSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Upload
        sizes = ["size_bytes", "offset_bytes"]
        fields = ["id", "project", "name", *sizes, "expires_at", "acquisition", "is_new", "message"]
        read_only_fields = fields


class TusView(APIView):
    """What every answer of the protocol has in common."""

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        is_tus = request.method not in {"OPTIONS", "GET"}
        if is_tus and request.headers.get("Tus-Resumable") != TUS_VERSION:
            raise refuse(f"Send the header Tus-Resumable: {TUS_VERSION}.", "unsupported_version")

    def finalize_response(self, request, response, *args, **kwargs):
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Tus-Resumable"] = TUS_VERSION
        response["Cache-Control"] = "no-store"
        if response.status_code == status.HTTP_412_PRECONDITION_FAILED:
            response["Tus-Version"] = TUS_VERSION
        return response

    @extend_schema(exclude=True)
    def options(self, request, *args, **kwargs):
        headers = {"Tus-Version": TUS_VERSION, "Tus-Extension": EXTENSIONS}
        return HttpResponse(status=204, headers={**headers, "Tus-Max-Size": settings.MAX_UPLOAD_BYTES})

    def receive(self, request, upload, offset_bytes):
        """Append the request's body; finish the upload if that was the last of it."""
        if request.content_type != CHUNK_TYPE:
            raise refuse(f"A part's Content-Type must be {CHUNK_TYPE}.", "content_type")
        try:
            upload = append_chunk(upload=upload, offset_bytes=offset_bytes, stream=request)
            return finish_upload(upload=upload)
        except ValidationError as error:
            raise Refused(error) from error


def header(name, kind, description, required=True):
    return OpenApiParameter(name, kind, "header", required=required, description=description)


class UploadListView(TusView):
    @extend_schema(
        summary="Begin a resumable upload (tus 1.0)",
        description="Upload-Metadata holds `filename` and `project`. The answer's Location takes the bytes: "
        "PATCH them there in as many parts as you like, HEAD tells where to go on. Any tus client does this.",
        parameters=[
            header("Tus-Resumable", str, "1.0.0"),
            header("Upload-Length", int, "Bytes of the whole file."),
            header("Upload-Metadata", str, "`key base64,key base64`"),
        ],
        request={CHUNK_TYPE: OpenApiTypes.BINARY},
        responses={201: None},
    )
    def post(self, request):
        told = request.headers.get("Upload-Metadata", "")
        metadata = parse_metadata(told)
        project = uploadable_project(request.user, metadata.get("project", ""))
        try:
            upload = create_upload(
                by=request.user,
                project=project,
                name=metadata.get("filename", ""),
                size_bytes=whole_number(request, "Upload-Length"),
                tus_metadata=told,
            )
        except ValidationError as error:
            raise Refused(error) from error
        if request.content_type == CHUNK_TYPE:
            upload = self.receive(request, upload, 0)
        location = reverse("api-upload", args=[upload.pk])
        return Response(status=201, headers={"Location": location, **progress(upload)})


@extend_schema(parameters=[header("Tus-Resumable", str, "1.0.0; not for GET.", required=False)])
class UploadView(TusView):
    def initialize_request(self, request, *args, **kwargs):
        # For clients behind something that lets only GET and POST through; the protocol demands it.
        override = request.headers.get("X-HTTP-Method-Override", "")
        if request.method == "POST" and override in {"PATCH", "DELETE"}:
            request.method = override
        return super().initialize_request(request, *args, **kwargs)

    @property
    def upload(self):
        return get_object_or_404(Upload.objects.owned_by(self.request.user), pk=self.kwargs["pk"])

    @extend_schema(summary="What has become of an upload", responses=UploadSerializer)
    def get(self, request, pk):
        return Response(UploadSerializer(settled(self.upload)).data)

    @extend_schema(summary="Where to go on (tus 1.0)", responses={200: None})
    def head(self, request, pk):
        upload = settled(self.upload)
        told = {"Upload-Length": upload.size_bytes, "Upload-Metadata": upload.tus_metadata}
        return Response(headers={**told, **progress(upload)})

    @extend_schema(
        summary="Send a part (tus 1.0)",
        parameters=[header("Upload-Offset", int, "As HEAD told.")],
        request={CHUNK_TYPE: OpenApiTypes.BINARY},
        responses={204: None},
    )
    def patch(self, request, pk):
        upload = self.receive(request, self.upload, whole_number(request, "Upload-Offset"))
        return Response(status=204, headers=progress(upload))

    @extend_schema(summary="Give an upload up (tus 1.0)", responses={204: None})
    def delete(self, request, pk):
        try:
            cancel_upload(upload=self.upload)
        except ValidationError as error:
            raise Refused(error) from error
        return Response(status=204)


def settled(upload):
    """The upload, made an acquisition if the request that brought the last byte did not live to do it."""
    try:
        return finish_upload(upload=upload)
    except ValidationError as error:
        if error.code == "busy":
            return upload
        raise Refused(error) from error


def progress(upload):
    headers = {"Upload-Offset": upload.offset_bytes}
    if not upload.is_complete:
        headers["Upload-Expires"] = http_date(upload.expires_at.timestamp())
    return headers


def whole_number(request, header):
    told = request.headers.get(header, "")
    if not (told.isascii() and told.isdecimal() and len(told) < 19):
        raise refuse(f"Send the header {header} with a number of bytes; deferring it is not supported.")
    return int(told)


def parse_metadata(told):
    """Upload-Metadata, `key base64,key base64`, as a dict of text."""
    if len(told) > MAX_METADATA_CHARACTERS:
        raise refuse(f"Upload-Metadata may have {MAX_METADATA_CHARACTERS} characters.")
    metadata = {}
    for pair in filter(None, (part.strip() for part in told.split(","))):
        key, _, encoded = pair.partition(" ")
        try:
            metadata[key] = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise refuse(f"“{key}” in Upload-Metadata is not base64 of UTF-8 text.") from None
    return metadata


class OneFileSerializer(serializers.Serializer):
    """The form of an upload in one request."""

    project = serializers.CharField(help_text="The project's number.")
    file = serializers.FileField(allow_empty_file=True, help_text="The file as the instrument wrote it.")


class OneFileUpload:
    """POST for the list of acquisitions: one file in one request, for scripts and files of moderate size."""

    @extend_schema(
        summary="Upload one file",
        description="201 for a new file, 200 where the project has the same bytes already: then `is_new` is "
        "false and `upload_message` says under which name. Reading it takes time: ask for its `status`.",
        request={"multipart/form-data": OneFileSerializer},
    )
    def post(self, request):
        form = OneFileSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        project = uploadable_project(request.user, form.validated_data["project"])
        imported = import_one_file(by=request.user, project=project, file=form.validated_data["file"])
        row = self.get_queryset().get(pk=imported.acquisition.pk)
        told = {"is_new": imported.is_new, "upload_message": imported.message}
        return Response({**self.get_serializer(row).data, **told}, status=201 if imported.is_new else 200)


def import_one_file(*, by, project, file):
    path = settings.STORAGE_DIR / "uploads" / f"{uuid.uuid4()}.form"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        check_size(file.name, file.size)
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy, length=2**20)
        return import_acquisition(by=by, project=project, path=path, name=file.name)
    except ValidationError as error:
        raise Refused(error) from error
    finally:
        path.unlink(missing_ok=True)

"""What every operation of the OpenAPI schema has in common: the errors, in their one shape."""

from drf_spectacular.utils import extend_schema, extend_schema_view

ERROR = {
    "type": "object",
    "required": ["code", "detail", "errors"],
    "properties": {
        "code": {"description": "A word for programs.", "oneOf": [{"type": "string"}, {"type": "object"}]},
        "detail": {"type": "string", "description": "One sentence for people."},
        "errors": {
            "type": "object",
            "description": "Field to its messages; `boxes.0.width` names a field within.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
}
MEANINGS = {
    "400": "What was sent is wrong; `errors` says which field.",
    "401": "No log-in, and no valid token.",
    "403": "Your role in the project does not allow this.",
    "404": "There is nothing here, or you may not see it.",
    "406": "The format asked for by `Accept` is not offered.",
    "415": "The content type cannot be read.",
}
# tus has a status for each thing that can go wrong on the way.
OF_UPLOADS = {
    "409": "The upload continues at another byte; ask again where.",
    "410": "The upload is gone.",
    "412": "The header Tus-Resumable is missing or of another version.",
    "413": "The file is larger than this site takes.",
    "423": "Another request is writing this upload.",
    "507": "The disk is full.",
}
UNSAFE = {"post", "put", "patch", "delete"}


def described(**sentences):
    """What each method of a view does, where they are not written out one by one: `get="…", post="…"`."""
    return extend_schema_view(
        **{method: extend_schema(description=text) for method, text in sentences.items()}
    )


def add_errors(result, generator, request, public):
    """drf-spectacular hook: each operation lists the errors that it can give."""
    result["components"]["schemas"]["Error"] = ERROR
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            operation.setdefault("summary", operation.get("description", "").split("\n")[0].rstrip("."))
            codes = {"401", "406", "404"} if "{" in path else {"401", "406"}
            if method in UNSAFE:
                codes |= {"403", "400", "404"}
            if "requestBody" in operation:
                codes.add("415")
            if any(parameter["in"] == "query" for parameter in operation.get("parameters", [])):
                codes |= {"400", "404"}
            meanings = MEANINGS | OF_UPLOADS if "/uploads/" in path else MEANINGS
            for code in sorted(codes | set(OF_UPLOADS) if "/uploads/" in path else codes):
                error = {"description": meanings[code], "content": content}
                operation["responses"].setdefault(code, error)
    return result

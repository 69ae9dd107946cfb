"""Replicate's error answers: RFC 7807 in JSON, with the texts that its API gives."""

from typing import Any

from tests.emulators.server import Reply

TEXTS = {
    401: ("Unauthenticated", "You did not pass a valid authentication token"),
    402: (
        "Insufficient credit",
        (
            "You have insufficient credit to run this model. Go to https://replicate.com/account/billing#billing to"
            " purchase credit. Once you purchase credit, please wait a few minutes before trying again."
        ),
    ),
    403: ("Forbidden", "You do not have permission to perform this action."),
    404: ("Not Found", "The requested resource could not be found."),
    422: ("Input validation failed", "- input: prompt is required\n"),
    429: ("Too Many Requests", "Request was throttled. Expected available in 1 second."),
    500: ("Internal Server Error", "An internal error occurred."),
    503: ("Service Unavailable", "The service is temporarily unavailable."),
}
GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


def problem(status: int, *, detail: str = "", **more: Any) -> Reply:
    """`more` is added to the JSON."""
    title, text = TEXTS.get(status, ("Error", "The request could not be served."))
    value = {"title": title, "detail": detail or text, "status": status, **more}
    return Reply.json(value, status=status, headers={"Content-Type": "application/problem+json"})


def gateway_page(status: int) -> Reply:
    """What a proxy in front of the API says: HTML."""
    return Reply.text(GATEWAY_PAGE.replace("502", str(status)), status=status, content_type="text/html")


def invalid(faults: list[tuple[str, str]]) -> Reply:
    """422 for inputs as (field, what is wrong); the field of a missing one is the object itself."""
    detail = "".join(f"- {field}: {text}\n" for field, text in faults)
    fields = [{"type": "invalid", "field": field, "description": text} for field, text in faults]
    return problem(422, detail=detail, invalid_fields=fields)


def no_such_file() -> Reply:
    """What the storage of outputs says: it is another server than the API."""
    return Reply.text("<Error><Code>NoSuchKey</Code></Error>", status=404, content_type="application/xml")

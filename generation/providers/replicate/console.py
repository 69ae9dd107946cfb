"""What staff ask Replicate about, answered in plain JSON that is cut to what the console's pages show.

Only workers call it. Everything that Replicate says is a stranger's text: bounded, and without what was sent along as
data: addresses.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from replicate.version import Versions

from generation.models import ErrorCode
from generation.providers.base import ProviderError
from generation.providers.replicate import client, predictions, schema

ROWS_MAX = 100
TEXT_MAX = 2_000
LOGS_BYTES_MAX = 20_000
PARTS_MAX = 60
DEPTH_MAX = 5
_NAME = re.compile(r"\w[\w.-]{0,99}", re.ASCII)


def ask(kind: str, arguments: Mapping[str, str]) -> dict[str, Any]:
    """The answer to one of QUESTIONS. Raises ProviderError."""
    return QUESTIONS[kind](**arguments)


def _look(asked: client.Ask, of: str = "") -> Any:
    """With the token of that label, else with whichever answers."""
    if not of:
        return client.look(asked)
    for token in client.tokens():
        if client.label(token) == of:
            return client.once(token, asked)
    raise ProviderError(ErrorCode.PROVIDER_DOWN, permanent=True, detail="404: there is no such token")


# --- Who we are ------------------------------------------------------------------------------------------------------


def accounts() -> dict[str, Any]:
    """The account behind each token, or why it is not told."""
    return {"rows": [_account(token) for token in client.tokens()]}


def _account(token: str) -> dict[str, Any]:
    try:
        told = _mapping(client.once(token, lambda sdk: sdk.accounts.current()))
    except ProviderError as error:
        return {"label": client.label(token), "error": error.detail}
    return {
        "label": client.label(token),
        **_texts(told, "username", "name", "type"),
        "github": _link(told, "github_url"),
    }


def hardware() -> dict[str, Any]:
    told = client.look(lambda sdk: sdk.hardware.list())
    rows = told if isinstance(told, list) else []
    return {"rows": [_texts(_mapping(row), "sku", "name") for row in rows[:ROWS_MAX]]}


# --- Models ----------------------------------------------------------------------------------------------------------


def collections(cursor: str = "") -> dict[str, Any]:
    told = client.look(lambda sdk: sdk.collections.list(_place("/v1/collections", cursor)))
    return _page(told, _collection_row)


def _collection_row(told: Mapping[str, Any]) -> dict[str, Any]:
    return {**_names(told, "slug"), **_texts(told, "name", "description")}


def collection(slug: str) -> dict[str, Any]:
    told = _mapping(client.look(lambda sdk: sdk.collections.get(slug)))
    return {**_collection_row(told), "rows": _rows(told.get("models"), _model_row)}


def models(cursor: str = "") -> dict[str, Any]:
    return _page(client.look(lambda sdk: sdk.models.list(_place("/v1/models", cursor))), _model_row)


def search(query: str) -> dict[str, Any]:
    return _page(client.look(lambda sdk: sdk.models.search(query)), _model_row)


def model(owner: str, name: str) -> dict[str, Any]:
    """The model with its latest version's inputs and its example."""
    told = _mapping(client.look(lambda sdk: sdk.models.get(f"{owner}/{name}")))
    latest = _mapping(told.get("latest_version"))
    links = {key: _link(told, f"{key}_url") for key in ("github", "paper", "license", "cover_image")}
    return {
        **_model_row(told),
        **_texts(told, "visibility"),
        "links": {"page": _link(told, "url"), **links},
        "version": _version(latest),
        "example": _run(_mapping(told.get("default_example"))) if told.get("default_example") else None,
    }


def _model_row(told: Mapping[str, Any]) -> dict[str, Any]:
    runs = told.get("run_count")
    return {
        **_names(told, "owner", "name"),
        **_texts(told, "description"),
        "run_count": runs if isinstance(runs, int) else None,
        "is_official": told.get("is_official") is True,
    }


def versions(owner: str, name: str) -> dict[str, Any]:
    """The newest ones: the SDK knows no further page."""
    told = client.look(lambda sdk: Versions(sdk, (owner, name)).list())
    return _page(told, _version_row)


def _version_row(told: Mapping[str, Any]) -> dict[str, Any]:
    return {**_names(told, "id"), **_moments(told, "created_at"), **_texts(told, "cog_version")}


def version(owner: str, name: str, version: str) -> dict[str, Any]:
    return _version(_mapping(client.look(lambda sdk: Versions(sdk, (owner, name)).get(version))))


def _version(told: Mapping[str, Any]) -> dict[str, Any]:
    openapi = told.get("openapi_schema")
    return {
        **_version_row(told),
        "inputs": [asdict(one) for one in schema.inputs(openapi)],
        "training_inputs": [asdict(one) for one in schema.inputs(openapi, training=True)],
        "output_names": schema.output_names(openapi),
    }


# --- What is the account's own ---------------------------------------------------------------------------------------


def deployments(cursor: str = "", of: str = "") -> dict[str, Any]:
    return _page(_look(lambda sdk: sdk.deployments.list(_place("/v1/deployments", cursor)), of), _deployment)


def deployment(owner: str, name: str, of: str = "") -> dict[str, Any]:
    return _deployment(_mapping(_look(lambda sdk: sdk.deployments.get(f"{owner}/{name}"), of)))


def _deployment(told: Mapping[str, Any]) -> dict[str, Any]:
    release = _mapping(told.get("current_release"))
    configuration = _mapping(release.get("configuration"))
    return {
        **_names(told, "owner", "name"),
        **_texts(release, "model", "version"),
        **_moments(release, "created_at"),
        "number": _plain(release.get("number")),
        "hardware": _text(configuration.get("hardware")),
        "min_instances": _plain(configuration.get("min_instances")),
        "max_instances": _plain(configuration.get("max_instances")),
        "created_by": _text(_mapping(release.get("created_by")).get("username")),
    }


def runs(cursor: str = "", of: str = "") -> dict[str, Any]:
    """Predictions, the newest first."""
    return _page(_look(lambda sdk: sdk.predictions.list(_place("/v1/predictions", cursor)), of), _run_row)


def run(run_id: str) -> dict[str, Any]:
    return _run(_mapping(client.look(lambda sdk: sdk.predictions.get(run_id))))


def trainings(cursor: str = "", of: str = "") -> dict[str, Any]:
    return _page(_look(lambda sdk: sdk.trainings.list(_place("/v1/trainings", cursor)), of), _run_row)


def training(training_id: str) -> dict[str, Any]:
    return _run(_mapping(client.look(lambda sdk: sdk.trainings.get(training_id))))


def _run_row(told: Mapping[str, Any]) -> dict[str, Any]:
    """Of a prediction or a training."""
    return {
        **_names(told, "id"),
        **_texts(told, "model", "version", "status", "source", "destination"),
        **_moments(told, "created_at", "started_at", "completed_at"),
        "run_seconds": _plain(_mapping(told.get("metrics")).get("predict_time")),
    }


def _run(told: Mapping[str, Any]) -> dict[str, Any]:
    logs = told.get("logs")
    return {
        **_run_row(told),
        "input": _plain(told.get("input")),
        "output": _plain(told.get("output")),
        "files": [address for address in predictions.files(told.get("output"), recipe={}) if _is_web(address)],
        "logs": logs.encode()[-LOGS_BYTES_MAX:].decode(errors="ignore") if isinstance(logs, str) else "",
        "error": _text(told.get("error")),
        "metrics": _plain(told.get("metrics")) or {},
        "page": _link(_mapping(told.get("urls")), "web"),
    }


# --- Acts ------------------------------------------------------------------------------------------------------------


def make_destination(name: str, *, hardware: str) -> None:
    """A private model for a training to go to. Raises ProviderError, also where there is one already."""
    owner, _, short = name.partition("/")
    client.look(lambda sdk: sdk.models.create(owner, short, visibility="private", hardware=hardware))


def train(*, model: str, version: str, destination: str, given: Mapping[str, Any]) -> str:
    """Begin a training and tell its id. Raises ProviderError, `ambiguous` where it may have begun all the same."""
    told = client.begin(
        lambda sdk: sdk.trainings.create(model=model, version=version, input=dict(given), destination=destination)
    )
    training_id = _names(_mapping(told), "id")["id"]
    if not training_id:
        raise client.unreadable(begins=True)
    return training_id


def cancel_training(training_id: str) -> str:
    """Stop a training and tell its status; one that is over stays as it is."""
    return _text(_mapping(client.look(lambda sdk: sdk.trainings.cancel(training_id))).get("status"))


# --- Of whatever shape -----------------------------------------------------------------------------------------------


def _place(path: str, cursor: str) -> Any:
    """A page's address as the SDK takes it, of a cursor: never the address that an answer gives."""
    return f"{path}?cursor={quote(cursor, safe='')}" if cursor else ...


def _page(told: Any, tell: Callable[[Mapping[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    page = _mapping(told)
    return {
        "rows": _rows(page.get("results"), tell),
        "next": _cursor(page.get("next")),
        "previous": _cursor(page.get("previous")),
    }


def _rows(value: Any, tell: Callable[[Mapping[str, Any]], dict[str, Any]]) -> list[dict[str, Any]]:
    rows = value[:ROWS_MAX] if isinstance(value, list) else []
    return [tell(row) for row in rows if isinstance(row, Mapping)]


def _cursor(address: Any) -> str:
    """What an address of a page carries; the address itself is not followed."""
    if not isinstance(address, str):
        return ""
    try:
        return parse_qs(urlsplit(address).query).get("cursor", [""])[0]
    except ValueError:
        return ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(told: Mapping[str, Any], *names: str) -> dict[str, str]:
    return {name: _text(told.get(name)) for name in names}


def _names(told: Mapping[str, Any], *names: str) -> dict[str, str]:
    """Words that become a part of our addresses, and are told back to Replicate; nothing of what is no such word."""
    return {name: told[name] if _is_name(told.get(name)) else "" for name in names}


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _moments(told: Mapping[str, Any], *names: str) -> dict[str, str]:
    """To the second; Replicate tells them in UTC."""
    return {name: _text(told.get(name))[:19].replace("T", " ") for name in names}


def _text(value: Any) -> str:
    """One text of bounded length without NUL, which nothing of ours can keep; nothing of what is none."""
    return str(_plain(value)).replace("\x00", "") if isinstance(value, str | int | float) else ""


def _link(told: Mapping[str, Any], name: str) -> str:
    address = told.get(name)
    return address if isinstance(address, str) and _is_web(address) else ""


def _is_web(address: str) -> bool:
    """Whether a browser may be led there: never javascript:, never a picture within the address."""
    return address.startswith(("https://", "http://127.0.0.1:")) and len(address) <= TEXT_MAX


def _plain(value: Any, depth: int = DEPTH_MAX) -> Any:
    """JSON cut to what a page can show."""
    if isinstance(value, str):
        if value.lower().startswith("data:"):
            return f"(a file of {len(value) * 3 // 4:,} bytes that was sent along)"
        return value if len(value) <= TEXT_MAX else f"{value[:TEXT_MAX]}…"
    if isinstance(value, Mapping | list) and not depth:
        return "…"
    if isinstance(value, Mapping):
        return {str(key)[:TEXT_MAX]: _plain(part, depth - 1) for key, part in list(value.items())[:PARTS_MAX]}
    if isinstance(value, list):
        return [_plain(part, depth - 1) for part in value[:PARTS_MAX]]
    return value


QUESTIONS: dict[str, Callable[..., dict[str, Any]]] = {
    question.__name__: question
    for question in (
        accounts,
        hardware,
        collections,
        collection,
        models,
        search,
        model,
        versions,
        version,
        deployments,
        deployment,
        runs,
        run,
        trainings,
        training,
    )
}

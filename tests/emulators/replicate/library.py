"""The doors that only read: models, versions, collections, deployments, hardware, account."""

from collections.abc import Callable, Mapping, Sequence

from tests.emulators.faults import Fault
from tests.emulators.replicate import account, errors, models
from tests.emulators.replicate.models import Model
from tests.emulators.server import Call, Refused, Reply, Route

NAME = r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+)"


class Library:
    """`page` answers with one page of a list (emulator.py)."""

    def __init__(self, *, base_url: Callable[[], str], page: Callable[..., Reply]) -> None:
        self._base_url, self._page = base_url, page

    def routes(self) -> Sequence[Route]:
        return (
            Route("GET", r"/v1/models", "read", self._list_models),
            Route("POST", r"/v1/models", "read", self._make_model),
            Route("QUERY", r"/v1/models", "read", self._search_models),
            Route("GET", rf"/v1/models/{NAME}", "read", self._get_model),
            Route("GET", rf"/v1/models/{NAME}/versions", "read", self._list_versions),
            Route("GET", rf"/v1/models/{NAME}/versions/(?P<version>\w+)", "read", self._get_version),
            Route("GET", r"/v1/collections", "read", self._list_collections),
            Route("GET", r"/v1/collections/(?P<slug>[\w-]+)", "read", self._get_collection),
            Route("GET", r"/v1/deployments", "read", self._list_deployments),
            Route("GET", rf"/v1/deployments/{NAME}", "read", self._get_deployment),
            Route("GET", r"/v1/hardware", "read", lambda call, faults: Reply.json(account.HARDWARE)),
            Route("GET", r"/v1/account", "read", lambda call, faults: Reply.json(account.ACCOUNT)),
        )

    def _list_models(self, call: Call, faults: Mapping[str, Fault]) -> Reply:
        return self._models_page(call, list(models.everything().values()))

    def _search_models(self, call: Call, faults: Mapping[str, Fault]) -> Reply:
        """The query is the body, as plain text."""
        words = str(call.body or "").lower().split()
        found = [model for model in models.everything().values() if _speaks_of(model, words)]
        return self._models_page(call, found)

    def _make_model(self, call: Call, faults: Mapping[str, Fault]) -> Reply:
        """An empty one for a training to go to; it is told and not kept."""
        asked = call.body if isinstance(call.body, dict) else {}
        if f"{asked.get('owner')}/{asked.get('name')}" in models.everything():
            raise Refused(errors.problem(409, detail="A model with that name and owner already exists"))
        if asked.get("hardware") not in [one["sku"] for one in account.HARDWARE]:
            raise Refused(errors.invalid([("hardware", "hardware is no SKU of the list")]))
        empty = {"run_count": 0, "cover_image_url": None, "default_example": None, "latest_version": None}
        return Reply.json(
            {**asked, "url": f"https://replicate.com/{asked['owner']}/{asked['name']}", **empty}, status=201
        )

    def _models_page(self, call: Call, rows: list[Model]) -> Reply:
        return self._page(call, rows, key=lambda model: model.id, tell=lambda model: model.told(self._base_url()))

    def _get_model(self, call: Call, faults: Mapping[str, Fault], owner: str, name: str) -> Reply:
        return Reply.json(known(f"{owner}/{name}").told(self._base_url()))

    def _list_versions(self, call: Call, faults: Mapping[str, Fault], owner: str, name: str) -> Reply:
        model = known(f"{owner}/{name}")
        return self._page(call, model.versions, key=str, tell=model.version_told)

    def _get_version(self, call: Call, faults: Mapping[str, Fault], owner: str, name: str, version: str) -> Reply:
        model = known(f"{owner}/{name}")
        if version not in model.versions:
            raise Refused(errors.problem(404))
        return Reply.json(model.version_told(version))

    def _list_collections(self, call: Call, faults: Mapping[str, Fault]) -> Reply:
        return self._page(
            call, list(account.COLLECTIONS), key=str, tell=lambda slug: account.collection_told(slug, self._base_url())
        )

    def _get_collection(self, call: Call, faults: Mapping[str, Fault], slug: str) -> Reply:
        if slug not in account.COLLECTIONS:
            raise Refused(errors.problem(404))
        return Reply.json(account.collection_told(slug, self._base_url(), with_models=True))

    def _list_deployments(self, call: Call, faults: Mapping[str, Fault]) -> Reply:
        return self._page(call, list(account.DEPLOYMENTS), key=str, tell=account.deployment_told)

    def _get_deployment(self, call: Call, faults: Mapping[str, Fault], owner: str, name: str) -> Reply:
        if f"{owner}/{name}" not in account.DEPLOYMENTS:
            raise Refused(errors.problem(404))
        return Reply.json(account.deployment_told(f"{owner}/{name}"))


def known(model_id: str) -> Model:
    """Refuses where there is no such model."""
    model = models.everything().get(model_id)
    if model is None:
        raise Refused(errors.problem(404))
    return model


def _speaks_of(model: Model, words: list[str]) -> bool:
    text = f"{model.id} {model.about}".lower()
    return all(word in text for word in words)

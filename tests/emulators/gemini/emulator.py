"""The doors of the emulated API, its errors, and what can be made to go wrong behind them."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, ClassVar

from tests.emulators.faults import WIRE, Fault
from tests.emulators.gemini import asked as questions
from tests.emulators.gemini import brush, mind
from tests.emulators.gemini.asked import Asked
from tests.emulators.server import Call, Emulator, Refused, Reply, Route

MODELS = {
    "gemini-2.5-flash": "Gemini 2.5 Flash",
    "gemini-2.5-pro": "Gemini 2.5 Pro",
    "gemini-2.5-flash-image": "Nano Banana",
    "gemini-3.1-flash-image": "Nano Banana 2",
    "gemini-3.1-flash-lite-image": "Nano Banana 2 Lite",
    "gemini-3-pro-image": "Nano Banana Pro",
}

STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
MESSAGES = {
    400: "Request contains an invalid argument.",
    403: "Permission denied: Consumer 'api_key:{key}' has been suspended.",  # so it is: the key is in the message
    429: "You exceeded your current quota, please check your plan and billing details.",
    500: "An internal error has occurred. Please retry or report in the troubleshooting guide.",
    503: "The model is overloaded. Please try again later.",
}
BAD_KEYS = "bad"  # how a key begins that is not valid; any other is
BAD_KEY = "API key not valid. Please pass a valid API key."
HUGE = 1_000_000

# What can be wrong in an answer of status 200, beside the wire's faults. Values in brackets.
#   block_prompt(reason)   block_output(reason)   no_image   no_candidates   text_only   empty_picture   bad_base64
#   wrong_mime(mime)   truncated   prose   fenced   extra_keys   huge   nested   says(text): the model's text, as given
#   shape(body): the whole answer, as given   drip(seconds): a piece of the answer every so often, for ever
#   redirect(url): to another address
CONTENT = (
    "block_prompt",
    "block_output",
    "no_image",
    "no_candidates",
    "text_only",
    "empty_picture",
    "bad_base64",
    "wrong_mime",
    "truncated",
    "prose",
    "fenced",
    "extra_keys",
    "huge",
    "nested",
    "says",
    "shape",
    "drip",
    "redirect",
)
# What goes wrong by chance.
MENU = (
    Fault("refuse", "generate", values={"status": 429, "seconds": 2}),
    Fault("refuse", "generate", values={"status": 503}),
    Fault("refuse", "generate", values={"status": 500}),
    Fault("drop", "generate"),
    Fault("block_output", "generate"),
    Fault("no_image", "generate"),
    Fault("text_only", "generate"),
    Fault("empty_picture", "generate"),
    Fault("bad_base64", "generate"),
    Fault("no_candidates", "generate"),
    Fault("prose", "generate"),
    Fault("truncated", "generate"),
)


class GeminiEmulator(Emulator):
    """`seconds`: how long an answer takes. Faults may match on the key: a call's subject is "key model text"."""

    name = "Gemini"
    known_faults: ClassVar[Mapping[str, Sequence[str]]] = {
        **dict.fromkeys(WIRE, ("generate", "models")),
        **dict.fromkeys(CONTENT, ("generate",)),
    }

    def __init__(self, *, port: int = 0, seconds: float = 0.0) -> None:
        super().__init__(port=port)
        self.seconds = seconds
        self._numbers = count(1)

    def routes(self) -> Sequence[Route]:
        base = r"/v1(?:beta)?/models"
        return [
            Route("POST", rf"{base}/(?P<model>[\w.-]+):generateContent", "generate", self._generate),
            Route("GET", base, "models", self._models),
            Route("GET", rf"{base}/(?P<model>[\w.-]+)", "models", self._model),
        ]

    def authorise(self, route: Route, call: Call) -> Reply | None:
        key = _key(call)
        if not key:
            return _error(403, "Method doesn't allow unregistered callers (callers without established identity).")
        if key.startswith(BAD_KEYS):
            return self.refusal(Fault("refuse", "", values={"status": 400, "reason": "API_KEY_INVALID"}))
        return None

    def subject(self, call: Call, groups: Mapping[str, str]) -> str:
        return f"{_key(call)} {groups.get('model', '')} {call.raw.decode(errors='replace')}"

    def refusal(self, fault: Fault) -> Reply:
        """`status`, `reason` (API_KEY_INVALID), `seconds` (of a RetryInfo), `message`, `key` (as it is quoted)."""
        status = int(fault.get("status", 500))
        details: list[dict[str, Any]] = []
        if reason := fault.get("reason"):
            details.append(
                {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}
            )
        if (seconds := fault.get("seconds")) is not None:
            details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{seconds}s"})
        default = BAD_KEY if fault.get("reason") == "API_KEY_INVALID" else MESSAGES.get(status, "An error occurred.")
        message = str(fault.get("message", default)).format(key=fault.get("key", "unknown"))
        return _error(status, message, code=fault.get("word"), details=details)

    # --- Models ------------------------------------------------------------------------------------------------------

    def _models(self, call: Call, faults: Mapping[str, Fault]) -> Reply:
        return Reply.json({"models": [_card(name) for name in MODELS]})

    def _model(self, call: Call, faults: Mapping[str, Fault], model: str) -> Reply:
        _known(model)
        return Reply.json(_card(model))

    # --- Content -----------------------------------------------------------------------------------------------------

    def _generate(self, call: Call, faults: Mapping[str, Fault], model: str) -> Reply:
        _known(model)
        try:
            asked = questions.read(model, call.body)
        except questions.Wrong as error:
            raise Refused(_error(400, str(error))) from error
        self.pause(self.seconds)
        return self._spoilt(asked, {**faults, **self._by_chance()}) or self._answered(asked)

    def _by_chance(self) -> dict[str, Fault]:
        drawn = self.faults.draw()
        if drawn is None:
            return {}
        if drawn.name == "refuse":
            raise Refused(self.refusal(drawn))
        if drawn.name == "drop":
            raise ConnectionAbortedError("by chance")
        return {drawn.name: drawn}

    def _answered(self, asked: Asked) -> Reply:
        if asked.wants_picture:
            return _reply(asked, [_inline(self._drawn(asked))])
        return _reply(asked, [{"text": mind.answer(asked)}])

    def _drawn(self, asked: Asked) -> bytes:
        if asked.pictures:
            return brush.edit(asked.pictures[0], words=asked.text, ratio=asked.ratio, size=asked.size)
        return brush.paint(words=asked.text, ratio=asked.ratio, size=asked.size, number=next(self._numbers))

    def _spoilt(self, asked: Asked, faults: Mapping[str, Fault]) -> Reply | None:
        """The answer with the first fault of content that is due, or None."""
        for name, fault in faults.items():
            if name == "drip":
                return Reply(200, self._drops(float(fault.get("seconds", 0.1))), {"Content-Type": "application/json"})
            if spoil := _SPOILT.get(name):
                return spoil(asked, fault)
        return None

    def _drops(self, seconds: float) -> Iterator[bytes]:
        yield b'{"candidates": [{"content": {"parts": [{"text": "'
        while not self.closing.is_set():
            self.pause(seconds)
            yield b"drop "


# --- Answers of status 200 -------------------------------------------------------------------------------------------


def _reply(asked: Asked, parts: list[dict[str, Any]] | None, *, reason: str = "STOP") -> Reply:
    candidate: dict[str, Any] = {"finishReason": reason, "index": 0}
    if parts is not None:
        candidate["content"] = {"role": "model", "parts": parts}
    return Reply.json({"candidates": [candidate]} | _about(asked))


def _about(asked: Asked) -> dict[str, Any]:
    prompt_tokens = 1 + len(asked.system + asked.text) // 4 + 258 * len(asked.pictures)
    told = 1290 if asked.wants_picture else 80
    return {
        "usageMetadata": {
            "promptTokenCount": prompt_tokens,
            "candidatesTokenCount": told,
            "totalTokenCount": prompt_tokens + told,
        },
        "modelVersion": asked.model,
        "responseId": "emulated",
    }


def _inline(data: bytes | str, mime: str = "image/png") -> dict[str, Any]:
    text = data if isinstance(data, str) else base64.b64encode(data).decode()
    return {"inlineData": {"mimeType": mime, "data": text}}


def _said(asked: Asked, text: str, *, reason: str = "STOP") -> Reply:
    return _reply(asked, [{"text": text}], reason=reason)


def _blocked(asked: Asked, fault: Fault) -> Reply:
    return Reply.json({"promptFeedback": {"blockReason": fault.get("reason", "SAFETY")}} | _about(asked))


def _extra(asked: Asked) -> str:
    """A good answer, and what nobody asked for."""
    told = json.loads(mind.answer(asked)) if asked.schema is not None else {}
    return json.dumps({**told, "admin": True, "price": 0, "safe": True, "url": "http://203.0.113.5/beacon.png"})


_SPOILT: dict[str, Callable[[Asked, Fault], Reply]] = {
    "block_prompt": _blocked,
    "block_output": lambda asked, fault: _reply(asked, None, reason=fault.get("reason", "SAFETY")),
    "no_image": lambda asked, fault: _reply(asked, None, reason="NO_IMAGE"),
    "no_candidates": lambda asked, fault: Reply.json(_about(asked)),
    "text_only": lambda asked, fault: _said(asked, "I can describe that picture, but I did not make one."),
    "empty_picture": lambda asked, fault: _reply(asked, [_inline("")]),
    "bad_base64": lambda asked, fault: _reply(asked, [_inline("%%% this is no base64 %%%")]),
    "wrong_mime": lambda asked, fault: _reply(asked, [_inline(b"<html>", fault.get("mime", "text/html"))]),
    "truncated": lambda asked, fault: _said(asked, mind.answer(asked)[:25], reason="MAX_TOKENS"),
    "prose": lambda asked, fault: _said(asked, "Sure! Here is a lovely idea: a lighthouse at dusk."),
    "fenced": lambda asked, fault: _said(asked, f"```json\n{mind.answer(asked)}\n```"),
    "extra_keys": lambda asked, fault: _said(asked, _extra(asked)),
    "huge": lambda asked, fault: _said(asked, json.dumps({"prompt": "word " * (HUGE // 5)})),
    "nested": lambda asked, fault: _said(asked, "[" * 200_000),
    "says": lambda asked, fault: _said(asked, str(fault.get("text", ""))),
    "shape": lambda asked, fault: Reply.json(fault.get("body")),
    "redirect": lambda asked, fault: Reply(307, b"", {"Location": str(fault.get("url"))}),
}


# --- Errors and cards ------------------------------------------------------------------------------------------------


def _key(call: Call) -> str:
    return call.headers.get("x-goog-api-key") or call.query.get("key", "")


def _known(model: str) -> None:
    if model not in MODELS:
        text = f"models/{model} is not found for API version v1, or is not supported for generateContent."
        raise Refused(_error(404, text))


def _error(status: int, message: str, *, code: str | None = None, details: Sequence[Mapping[str, Any]] = ()) -> Reply:
    told: dict[str, Any] = {"code": status, "message": message, "status": code or STATUSES.get(status, "UNKNOWN")}
    if details:
        told["details"] = list(details)
    return Reply.json({"error": told}, status=status)


def _card(model: str) -> dict[str, Any]:
    return {
        "name": f"models/{model}",
        "version": "001",
        "displayName": MODELS[model],
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }

"""Which webhooks are genuine, and where the secrets come from that tell."""

import base64
from typing import Any

import pytest
from django.core.cache import cache

from generation.providers.base import ProviderError
from generation.providers.replicate import signatures
from tests.emulators.replicate import ReplicateEmulator, webhooks

SECRET = webhooks.new_secret()
OTHER = webhooks.new_secret()
BODY = '{"id": "x", "status": "succeeded", "logs": "100%|█"}'.encode()


def signed(*secrets: str, body: bytes = BODY, age_seconds: int = 0, **changes: str | None) -> dict[str, str]:
    headers: dict[str, str | None] = {**webhooks.headers(secrets, event_id="msg_1", body=body, age_seconds=age_seconds)}
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    return {name: value for name, value in headers.items() if value is not None}


def is_genuine(headers: dict[str, str], *secrets: str, body: bytes = BODY) -> bool:
    try:
        return signatures.verify(headers=headers, body=body, secrets=secrets) == "msg_1"
    except signatures.NotGenuine:
        return False


def test_what_is_signed_is_genuine() -> None:
    assert is_genuine(signed(SECRET), SECRET)


def test_the_names_of_headers_are_in_any_case() -> None:
    assert is_genuine({name.title(): value for name, value in signed(SECRET).items()}, SECRET)


@pytest.mark.parametrize("secrets", [(OTHER, SECRET), (SECRET, OTHER)])
def test_either_of_two_signatures_is_enough(secrets: tuple[str, ...]) -> None:
    assert is_genuine(signed(*secrets), SECRET)


@pytest.mark.parametrize("secrets", [(OTHER, SECRET), (SECRET, OTHER)])
def test_either_of_two_secrets_is_enough(secrets: tuple[str, ...]) -> None:
    assert is_genuine(signed(SECRET), *secrets)


@pytest.mark.parametrize(("age_seconds", "genuine"), [(290, True), (310, False), (-290, True), (-310, False)])
def test_a_stale_one_is_not_genuine_nor_one_of_the_future(age_seconds: int, genuine: bool) -> None:
    assert is_genuine(signed(SECRET, age_seconds=age_seconds), SECRET) is genuine


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook_signature": None},
        {"webhook_id": None},
        {"webhook_timestamp": None},
        {"webhook_id": "msg_2"},
        {"webhook_id": "msg_\ud800"},
        {"webhook_timestamp": "yesterday"},
        {"webhook_timestamp": ""},
        {"webhook_timestamp": "1e9"},
        {"webhook_timestamp": "9" * 5000},
        {"webhook_signature": ""},
        {"webhook_signature": "v1"},
        {"webhook_signature": "v1,"},
        {"webhook_signature": "v1,%%%"},
        {"webhook_signature": "v1,AAA"},
        {"webhook_signature": "v1,ünïcode"},
        {"webhook_signature": "v1," + base64.b64encode(b"x" * 32).decode()},
    ],
)
def test_one_whose_headers_were_touched_is_not_genuine(changes: dict[str, Any]) -> None:
    assert is_genuine(signed(SECRET), SECRET)
    assert not is_genuine(signed(SECRET, **changes), SECRET)


@pytest.mark.parametrize("body", [b"", BODY + b" ", b"{}", b"\xff\xfe\x00"])
def test_one_whose_body_was_touched_is_not_genuine(body: bytes) -> None:
    assert not is_genuine(signed(SECRET), SECRET, body=body)


def test_a_body_that_is_no_text_is_not_genuine_even_when_it_is_signed() -> None:
    assert not is_genuine(signed(SECRET, body=b"\xff\xfe"), SECRET, body=b"\xff\xfe")


def test_a_strangers_signature_is_not_genuine() -> None:
    assert not is_genuine(signed(OTHER), SECRET)


def test_without_a_secret_nothing_is_genuine() -> None:
    assert not is_genuine(signed(SECRET))


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_====", "whsec_AAAA", "secret", "whsec_a_b"])
def test_a_secret_that_anybody_could_guess_makes_nothing_genuine(secret: str) -> None:
    nothing = "whsec_"
    assert not is_genuine(signed(nothing), secret)


def test_the_error_names_no_secret() -> None:
    with pytest.raises(signatures.NotGenuine) as caught:
        signatures.verify(headers=signed(OTHER), body=BODY, secrets=[SECRET])
    assert SECRET not in f"{caught.value} {caught.value.__context__}"


# --- Secrets ---------------------------------------------------------------------------------------------------------


def test_the_settings_secrets_are_used_and_nobody_is_asked(emulator: ReplicateEmulator, settings: Any) -> None:
    settings.REPLICATE_WEBHOOK_SECRETS = [SECRET, OTHER]
    assert signatures.secrets() == [SECRET, OTHER]
    assert emulator.calls == []


def test_before_a_worker_has_fetched_one_there_is_none(emulator: ReplicateEmulator) -> None:
    assert signatures.secrets() == []
    assert emulator.calls == []


def test_a_fetched_secret_is_kept_for_every_process(emulator: ReplicateEmulator) -> None:
    assert signatures.refresh_secrets() == 1
    assert signatures.secrets() == [emulator.secret]
    assert [call.path for call in emulator.calls] == ["/v1/webhooks/default/secret"]


def test_what_is_kept_is_encrypted(emulator: ReplicateEmulator) -> None:
    signatures.refresh_secrets()
    kept = cache.get("replicate:webhook-secrets")
    assert emulator.secret.encode() not in kept
    assert base64.b64decode(emulator.secret.removeprefix("whsec_")) not in base64.urlsafe_b64decode(kept)


def test_under_another_key_of_the_site_there_is_none(emulator: ReplicateEmulator, settings: Any) -> None:
    signatures.refresh_secrets()
    settings.SECRET_KEY = "another"
    assert signatures.secrets() == []
    signatures.refresh_secrets()
    assert signatures.secrets() == [emulator.secret]


def test_a_new_secret_stands_beside_the_one_before(emulator: ReplicateEmulator, monkeypatch: Any) -> None:
    first = emulator.secret
    signatures.refresh_secrets()
    for newest, expected in ((SECRET, [SECRET, first]), (SECRET, [SECRET, first]), (OTHER, [OTHER, SECRET])):
        monkeypatch.setattr(emulator, "secret", newest)
        signatures.refresh_secrets()
        assert signatures.secrets() == expected


def test_each_account_has_a_secret_of_its_own(emulator: ReplicateEmulator, settings: Any) -> None:
    settings.REPLICATE_API_TOKENS = ["r8_one", "r8_two"]
    signatures.refresh_secrets()
    assert len(emulator.calls) == 2
    assert signatures.secrets() == [emulator.secret]


def test_an_account_that_cannot_be_asked_keeps_what_it_had(emulator: ReplicateEmulator) -> None:
    signatures.refresh_secrets()
    for _ in range(2):
        emulator.faults.add("refuse", at="read", status=500)
        signatures.refresh_secrets()
    assert signatures.secrets() == [emulator.secret]


def test_when_there_is_none_at_all_the_worker_learns_it(emulator: ReplicateEmulator) -> None:
    emulator.faults.add("refuse", at="read", status=500)
    with pytest.raises(ProviderError):
        signatures.refresh_secrets()


def test_a_secret_that_is_none_is_not_kept(emulator: ReplicateEmulator, monkeypatch: Any) -> None:
    monkeypatch.setattr(emulator, "secret", "whsec_")
    with pytest.raises(ProviderError):
        signatures.refresh_secrets()
    assert signatures.secrets() == []


def test_a_webhook_of_the_emulator_is_genuine(emulator: ReplicateEmulator) -> None:
    signatures.refresh_secrets()
    assert is_genuine(signed(emulator.secret), *signatures.secrets())

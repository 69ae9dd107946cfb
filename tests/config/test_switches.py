"""The environment: what stops the boot, in one line that names the variable and tells no secret."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.certificates import chain

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "DATABASE_URL": "postgresql://atelier:hunter2@127.0.0.1:1/atelier",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SECRET_KEY": "0123456789-abcdefghijklmnopqrstuvwxyz-0123456789-abcdefgh",
    "ALLOWED_HOSTS": "atelier.example",
    "PUBLIC_URL": "https://atelier.example",
}


def boot(tmp_path: Path, code: str = "import config.settings", **switches: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    env = {**kept, "VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings", **switches}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    "switches",
    [
        {"PORT": "eighty"},
        {"DEBUG": "perhaps"},
        {"OPEN_JOBS_MAX": "3,1,6"},
        {"RATE_LIMIT_GENERATE": "8"},
        {"JOB_LEASE_SECONDS": "0"},
        {"TRUSTED_PROXIES": "-1"},
        {"PUBLIC_URL": "http://atelier.example"},
        {"S3_ENDPOINT_URL": "http://storage.example"},
        {"REDIS_URL": "http://user:hunter2@host"},
        {"LOG_LEVEL": "LOUD"},
        {"C2PA_ALGORITHM": "rsa"},
        {"C2PA_CERTIFICATE": "/no/such/file.pem"},
        {"C2PA_PRIVATE_KEY": __file__, "C2PA_CERTIFICATE": ""},
        {"EMAIL_URL": "pigeon://user:hunter2@host"},
        {
            "DATABASE_URL": "mysql://user:hunter2@host/name",
            "REDIS_URL": "redis://h",
            "SECRET_KEY": "x",
            "ALLOWED_HOSTS": "h",
        },
    ],
    ids=lambda switches: next(iter(switches)),
)
def test_a_value_that_does_not_parse_stops_the_boot_with_its_name(tmp_path: Path, switches: dict[str, str]) -> None:
    ended = boot(tmp_path, **switches)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"atelier: {next(iter(switches))}")
    assert ended.stderr.count("\n") == 1
    assert "hunter2" not in ended.stderr


def test_a_public_address_needs_its_bucket(tmp_path: Path) -> None:
    ended = boot(tmp_path, S3_PUBLIC_URL="https://pictures.example")
    assert ended.returncode == 1
    assert ended.stderr.startswith("atelier: S3_PUBLIC_URL is where a bucket is read; set S3_BUCKET")


def test_pages_may_load_pictures_from_the_public_address_and_nothing_else_from_there(tmp_path: Path) -> None:
    code = (
        "from config import settings; import sys\n"
        "directives = settings.CONTENT_SECURITY_POLICY['DIRECTIVES']\n"
        "print([name for name, sources in directives.items() if 'https://pictures.example:8443' in sources])\n"
        "assert 'botocore' not in sys.modules"
    )
    bucket = {"S3_BUCKET": "b", "S3_ACCESS_KEY_ID": "a", "S3_SECRET_ACCESS_KEY": "s"}
    ended = boot(tmp_path, code, **bucket, S3_PUBLIC_URL="https://pictures.example:8443/some/folder/")
    assert (ended.stdout, ended.stderr) == ("['img-src']\n", "")


@pytest.mark.parametrize("missing", ["SECRET_KEY", "REDIS_URL", "ALLOWED_HOSTS"])
def test_a_site_with_its_own_database_needs_these(tmp_path: Path, missing: str) -> None:
    ended = boot(tmp_path, **{name: value for name, value in PRODUCTION.items() if name != missing})
    assert ended.returncode == 1
    assert ended.stderr == f"atelier: {missing} is not set. A site with its own DATABASE_URL needs it.\n"


def test_production_is_not_debug_and_logs_json_with_a_request_id(tmp_path: Path) -> None:
    code = (
        "import django; django.setup(); from django.conf import settings; import logging\n"
        "assert not settings.DEBUG and settings.SESSION_COOKIE_SECURE and settings.SECURE_HSTS_SECONDS\n"
        "logging.getLogger('x').warning('hello')"
    )
    ended = boot(tmp_path, code, **PRODUCTION)
    assert ended.returncode == 0, ended.stderr
    assert '"message": "hello"' in ended.stderr
    assert '"request_id": "-"' in ended.stderr


def test_the_bundled_mode_makes_one_secret_and_keeps_it(tmp_path: Path) -> None:
    code = "from config import settings; print(settings.SECRET_KEY, settings.DEBUG, settings.EMBEDDED)"
    first, second = boot(tmp_path, code).stdout, boot(tmp_path, code).stdout
    assert first == second
    assert first.split()[1:] == ["True", "True"]
    assert len(first.split()[0]) > 50
    assert oct((tmp_path / "secret_key").stat().st_mode)[-3:] == "600"


@pytest.mark.parametrize(("missing", "warned"), [("", "[]"), ("diffusers", "['atelier.W006']")])
def test_a_model_for_the_own_gpu_without_its_libraries_is_a_warning(tmp_path: Path, missing: str, warned: str) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "import django; django.setup()\n"
        "from config import checks; print([found.id for found in checks.own_gpu_has_its_libraries()])"
    )
    assert boot(tmp_path, code, DIFFUSION_MODEL="/models/own").stdout == f"{warned}\n"


@pytest.mark.parametrize("given", ["C2PA_CERTIFICATE", "C2PA_PRIVATE_KEY"])
def test_a_certificate_without_its_key_stops_the_boot(tmp_path: Path, given: str) -> None:
    made = chain()
    files = {"C2PA_CERTIFICATE": made.certificate, "C2PA_PRIVATE_KEY": made.key}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    ended = boot(tmp_path, **{given: str(tmp_path / given)})
    (missing,) = set(files) - {given}
    assert ended.returncode == 1
    assert ended.stderr == (f"atelier: {missing} is not set. Content credentials need a certificate and its key.\n")


@pytest.mark.parametrize("swapped", [False, True])
def test_a_certificate_and_its_key_are_read_at_boot(tmp_path: Path, swapped: bool) -> None:
    made = chain()
    names = ["C2PA_CERTIFICATE", "C2PA_PRIVATE_KEY"]
    for name, text in zip(names, (made.certificate, made.key), strict=True):
        (tmp_path / name).write_text(text)
    paths = [str(tmp_path / name) for name in names]
    ended = boot(tmp_path, **dict(zip(names, reversed(paths) if swapped else paths, strict=True)))
    assert (ended.returncode, ended.stderr.count("\n")) == ((1, 1) if swapped else (0, 0))
    assert ("the file holds no certificate" in ended.stderr) == swapped
    assert made.key not in ended.stderr


def test_a_web_process_loads_the_library_for_no_download_but_a_signed_one(tmp_path: Path) -> None:
    code = "import django, sys; django.setup(); import config.urls, gallery.views.art; print('c2pa' in sys.modules)"
    assert boot(tmp_path, code).stdout == "False\n"


def test_a_certificate_without_the_library_stops_the_boot(tmp_path: Path) -> None:
    made = chain()
    for name, text in {"cert": made.certificate, "key": made.key}.items():
        (tmp_path / name).write_text(text)
    code = "import sys; sys.modules['c2pa'] = None; import config.settings"
    ended = boot(tmp_path, code, C2PA_CERTIFICATE=str(tmp_path / "cert"), C2PA_PRIVATE_KEY=str(tmp_path / "key"))
    assert ended.returncode == 1
    assert "pip install -r requirements-c2pa.txt" in ended.stderr


def test_the_example_lists_every_switch_that_is_read_and_no_other() -> None:
    read = set(
        re.findall(r"""(?:read|provider_env|environ\.get)\(\s*"([A-Z][A-Z0-9_]+)\"""", text("config/settings.py"))
    )
    read |= set(re.findall(r"\${?([A-Z_]*DATABASE_URL)", text("Procfile")))
    listed = re.findall(r"^# ([A-Z][A-Z0-9_]+)=", text(".env.example"), re.MULTILINE)
    assert sorted(listed) == sorted(read)


def text(name: str) -> str:
    return (ROOT / name).read_text()

"""`make bench`: runs the metrics of PERFORMANCE one after the other, each on servers of its own that end with it.

Prints one JSON line a cell and one a metric; exits 1 when a metric's results are wrong, not when a goal is missed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from config import embedded, guardian

METRICS = ("M1", "M2", "M6", "M7", "M8", "M9", "M13", "M14", "M17", "audit", "gallery")
BARE_REDIS = 5  # the database of the bare queue's broker; the site has 0 to 2
# What the site's limits would otherwise refuse, since the bench asks from one place on behalf of a thousand people.
LIMITS_OFF = {
    "DEBUG": "0",  # it would keep every statement's text
    "TRUSTED_PROXIES": "1",  # each of those people has an address
    "OPEN_JOBS_MAX": "1000000,1000000,1000000",
    "DAILY_GENERATE_MAX": "1000000,1000000,1000000",
    "RATE_LIMIT_GENERATE": "1000000/60",
    "FREE_CREDITS_PER_ADDRESS": "1000000",
    "JOB_DEADLINE_SECONDS": "86400",
}


def main() -> None:
    options = parser().parse_args()
    codes = [run(metric, options) for metric in options.metric or METRICS]
    sys.exit(max(codes))


def parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(prog="python -m bench.run", description="Measure the site beside its anchors.")
    words.add_argument("--metric", nargs="+", choices=METRICS, help="which ones; all by default")
    words.add_argument("--rounds", type=int, default=2, help="how often each cell is measured (2)")
    words.add_argument("--seconds", type=float, default=4.0, help="how long a cell takes after its warm-up (4)")
    words.add_argument(
        "--patience", type=int, default=2, help="how often a cell that neighbours disturbed is tried (2)"
    )
    words.add_argument("--quick", action="store_true", help="a smoke run: one round of short cells, no waiting")
    return words


def run(metric: str, options: argparse.Namespace) -> int:
    """One metric in a process and a folder of its own; its exit code."""
    rounds, seconds, patience = (1, 0.5, 1) if options.quick else (options.rounds, options.seconds, options.patience)
    with tempfile.TemporaryDirectory(prefix="atelier-bench-") as folder:
        finished = subprocess.run(
            [sys.executable, "-m", "bench.metric", metric, str(rounds), str(seconds), str(patience)],
            check=False,
            cwd=Path(__file__).resolve().parent.parent,
            env=environment(folder),
        )
    return finished.returncode


def environment(folder: str) -> dict[str, str]:
    """Ours without settings of a site, so that the same is measured everywhere."""
    site = (
        "DATABASE_URL",
        "REDIS_URL",
        "SECRET_KEY",
        "PUBLIC_URL",
        "ALLOWED_HOSTS",
        "S3_BUCKET",
        "S3_PUBLIC_URL",
        "PORT",
    )
    foreign = (*site, "REPLICATE_API_TOKEN", "GEMINI_API_KEYS", "DIFFUSION_MODEL", "EMULATE")
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    own = {"VAR_DIR": folder, "DJANGO_SETTINGS_MODULE": "bench.settings"}
    return {**kept, **LIMITS_OFF, **own, **bare_environment(Path(folder))}


def bare_environment(folder: Path) -> dict[str, str]:
    """What the anchors read: they know nothing of the site, and use the same servers."""
    return {
        "BARE_HOST": str(embedded.socket_dir(folder)),
        "BARE_PORT": str(guardian.POSTGRES_PORT),
        "BARE_BROKER": f"redis+socket://{embedded.redis_socket(folder)}?virtual_host={BARE_REDIS}",
        "BARE_NOTES": str(folder / "notes"),
    }


if __name__ == "__main__":
    main()

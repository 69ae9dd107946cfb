"""The process of one metric: makes its ground, measures, says what came out, ends everything it started."""

import json
import sys
from dataclasses import asdict

import django

django.setup()

from bench.ground import Ground  # noqa: E402  (models exist from here on)
from bench.metrics import (  # noqa: E402
    audit,
    gallery,
    limits,
    overhead,
    poll,
    reserves,
    statement,
    submit,
    throughput,
    thumbnails,
    webhook,
)

MEASURES = {
    "M1": submit.measure,
    "M2": poll.measure,
    "M6": overhead.measure,
    "M7": throughput.measure,
    "M8": webhook.measure,
    "M9": reserves.measure,
    "M13": thumbnails.measure,
    "M14": limits.measure,
    "M17": statement.measure,
    "audit": audit.measure,
    "gallery": gallery.measure,
}


def main() -> None:
    metric, rounds, seconds, patience = sys.argv[1:]
    with Ground(metric, rounds=int(rounds), seconds=float(seconds), patience=int(patience)) as ground:
        verdict = MEASURES[metric](ground)
    line = {"metric": metric, "pass": verdict.passed, **asdict(verdict)}
    print(json.dumps(line), flush=True)
    sys.exit(0 if verdict.correct else 1)


if __name__ == "__main__":
    main()

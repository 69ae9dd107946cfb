"""What a price costs in time: `python -m bench.pricing`. Pure Python, needs no server; prints microseconds, best and
median of some rounds, for easy and for the hardest inputs."""

import json
import statistics
import timeit
from collections.abc import Callable

from generation.pricing import price, rules

ROUNDS = 7
CALLS = 500
GOAL_US = 1000

# Between two words in every input: eight of the 72 combinations hold, and every part of the explanation is inferred.
HARDEST = {"megapixels": 1.5, "steps_ratio": 1.4, "references": 2, "time_ratio": 1.7}
HARDEST_POINT = {"size": 1.5, "steps": 1.4, "references": 2.0, "time": 1.7}

CASES: dict[str, Callable[[], object]] = {
    "inference, usual": lambda: rules.ENGINE.infer(price.BASE),
    "inference, hardest": lambda: rules.ENGINE.infer(HARDEST_POINT),
    "price with explanation, usual": lambda: price.credits_per_picture(rate=9, megapixels=1.0),
    "price with explanation, 3:4": lambda: price.credits_per_picture(rate=9, megapixels=1.051392),
    "price with explanation, hardest": lambda: price.credits_per_picture(rate=9, **HARDEST),  # type: ignore[arg-type]
    "charge": lambda: price.charge(quoted=9, expected_seconds=14.0, measured_seconds=5.0),
}


def main() -> None:
    for name, call in CASES.items():
        rounds = [seconds / CALLS * 1e6 for seconds in timeit.repeat(call, number=CALLS, repeat=ROUNDS)]
        best, median = round(min(rounds), 1), round(statistics.median(rounds), 1)
        print(json.dumps({"case": name, "best_us": best, "median_us": median, "goal_us": GOAL_US}))


if __name__ == "__main__":
    main()

"""By hand: python -m tests.emulators.replicate --port 8001"""

from tests.emulators import server
from tests.emulators.replicate import mischief
from tests.emulators.replicate.emulator import ReplicateEmulator

SECONDS = 3.0
RETRY_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0)  # about half a minute, as Replicate's


def main() -> None:
    parser = server.arguments("Replicate's API on this machine, without a key and without a model.", port=8001)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="what a prediction takes")
    parser.add_argument("--webhook-secret", default="", help="whsec_...; a new one without it")
    told = parser.parse_args()
    emulator = ReplicateEmulator(
        port=told.port, seconds=told.seconds, secret=told.webhook_secret, retry_seconds=RETRY_SECONDS
    )
    emulator.faults.sprinkle(rate=told.fault_rate, seed=told.seed, menu=mischief.BY_CHANCE)
    server.serve_until_told(emulator)


if __name__ == "__main__":
    main()

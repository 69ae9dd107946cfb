"""By hand: python -m tests.emulators.gemini --port 8002"""

from tests.emulators import server
from tests.emulators.gemini.emulator import MENU, GeminiEmulator

SECONDS = 2.0


def main() -> None:
    parser = server.arguments("Gemini's API on this machine, without a key and without a model.", port=8002)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="what an answer takes")
    told = parser.parse_args()
    emulator = GeminiEmulator(port=told.port, seconds=told.seconds)
    emulator.faults.sprinkle(rate=told.fault_rate, seed=told.seed, menu=MENU)
    server.serve_until_told(emulator)


if __name__ == "__main__":
    main()

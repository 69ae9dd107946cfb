"""By hand: everything that needs Gemini can be clicked through without a key."""

from tests.emulators.gemini.emulator import MENU, GeminiEmulator
from tests.emulators.server import arguments, serve_until_told

parser = arguments(__doc__ or "", port=8002)
parser.add_argument("--seconds", type=float, default=2.0, help="how long an answer takes")
given = parser.parse_args()
emulator = GeminiEmulator(port=given.port, seconds=given.seconds)
emulator.faults.sprinkle(rate=given.fault_rate, seed=given.seed, menu=MENU)
serve_until_told(emulator)

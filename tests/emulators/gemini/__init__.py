"""Google's Gemini API at the wire: text, JSON by schema, pictures in and out, blocks and faults.

`python -m tests.emulators.gemini --port 8002`. Any key is good that does not begin with "bad".
"""

from tests.emulators.gemini.emulator import GeminiEmulator

__all__ = ["GeminiEmulator"]

"""An emulator of Replicate at the wire: predictions that run, webhooks that are signed, files that can be fetched."""

from tests.emulators.replicate.emulator import ReplicateEmulator

__all__ = ["ReplicateEmulator"]

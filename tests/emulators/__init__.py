"""Vendors at the wire: small HTTP servers that the vendors' real SDKs talk to, for tests and for clicking by hand.

Each is a package that runs (`python -m tests.emulators.replicate --port 8001`) and a class for tests. What goes wrong
is said in Python (`emulator.faults.add("refuse", at="create", status=429, times=2)`) or over HTTP, to a running one:
POST /_emulator/faults {"name": "drop_webhook", "match": "lighthouse", "times": null}. faults.py explains those of the
wire, each vendor its own (replicate/mischief.py).
"""

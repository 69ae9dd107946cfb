"""What can be told to go wrong with Replicate, and where. The wire's faults are explained in faults.py.

Doors: "create" (also of trainings), "get", "cancel", "list", "files" (outputs), "read" (everything else), and "run":
what a prediction takes along when it is created, told apart by its model and prompt.
"""

from collections.abc import Mapping, Sequence

from tests.emulators.faults import WIRE, Fault
from tests.emulators.replicate import files

DOORS = ("create", "get", "cancel", "list", "files", "read")
# What a prediction is told to do when it is created; see runs.py and webhooks.py.
RUN_FAULTS = (
    "slow",  # seconds
    "stuck",  # status: "processing" or "starting"; until its deadline or a cancel
    "abort",  # ends as "aborted" before it starts
    "fail",  # error
    "nsfw",  # fails with Replicate's text for it
    "odd_status",  # status: any word, shown while it runs, or as its end where `final`
    "shape",  # output: what is said in the place of its addresses
    "count",  # count: of pictures, whatever was asked for
    "missing",  # keys: what its JSON lacks, "id" alone by default
    "metrics",  # predict_time, ...: said in the place of what was measured
    "forgotten",  # its data were removed when it ended: no output, and its files are gone
    "webhook_first",  # its end is told before the create's answer
    "reorder_webhooks",  # the last event first
    "drop_webhook",  # `events`, for this one and the following ones: which ones; all by default
    "late_webhook",  # seconds
    "duplicate_webhook",  # copies, at the same time
    "large_webhook",  # three megabytes of logs
    "unsigned_webhook",
    "forged_webhook",  # signed with another secret
    "rotated_webhook",  # two signatures, the right one last
    "stale_webhook",  # seconds: how old it says it is
)
FAULTS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(WIRE, DOORS),
    **dict.fromkeys(RUN_FAULTS, ("run",)),
    **dict.fromkeys(files.FAULTS, ("files",)),
}
# What Replicate says where it failed itself, and where a model's own filter did not like what it saw.
PREEMPTED = "Prediction interrupted; please retry (code: PA)"
FLAGGED = "The input or output was flagged as sensitive. Please try again with different inputs. (E005)"
# What may go wrong by chance: one of these for a prediction. Nothing here outlasts a minute.
BY_CHANCE = (
    Fault("refuse", "create", values={"status": 429, "retry_after": "1"}),
    Fault("refuse", "create", values={"status": 500}),
    Fault("refuse", "create", values={"status": 502, "html": True, "accepted": True}),
    Fault("drop", "create"),
    Fault("drop", "create", values={"accepted": False}),
    Fault("delay", "create", values={"seconds": 2.0}),
    Fault("refuse", "get", times=2, values={"status": 503}),
    Fault("webhook_first", "run"),
    Fault("reorder_webhooks", "run"),
    Fault("drop_webhook", "run"),
    Fault("duplicate_webhook", "run", values={"copies": 5}),
    Fault("forged_webhook", "run"),
    Fault("large_webhook", "run"),
    Fault("fail", "run"),
    Fault("fail", "run", values={"error": PREEMPTED}),
    Fault("fail", "run", values={"error": FLAGGED}),
    Fault("nsfw", "run"),
    Fault("abort", "run"),
    Fault("count", "run"),
    Fault("shape", "run", values={"output": None}),
    Fault("odd_status", "run", values={"status": "warming"}),
    Fault("slow", "run", values={"seconds": 4.0}),
    Fault("refuse", "files", times=2, values={"status": 500}),
    Fault("truncated", "files"),
    Fault("wrong_length", "files"),
    Fault("html", "files", times=None),
    Fault("empty", "files"),
    Fault("picture_bomb", "files", times=None),
)

"""Replicate: predictions that run elsewhere, told of by signed webhooks and by asking. The SDK's only importer."""

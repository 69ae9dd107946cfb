"""Pictures on one's own GPU, through diffusers: the only importer of torch, diffusers and transformers.

They are imported inside functions, so that nothing but a worker that draws ever loads them.
"""

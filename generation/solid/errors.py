"""What can be wrong with a 3D model."""


class Broken(Exception):
    """The bytes are no .glb that can be kept; the message says why."""

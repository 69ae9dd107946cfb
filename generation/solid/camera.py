"""Where a model is looked at from: by its poster, and by the viewer when it starts. Pages read these numbers too."""

AZIMUTH_DEGREES = 32
POLAR_DEGREES = 68
"""Round the upright axis from the front, and down from above, as the viewer's camera-orbit counts them."""

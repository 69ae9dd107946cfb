"""The built-in demo provider's art: procedural pictures from the words of a prompt, in numpy and Pillow alone.

No model, no network, no clock: `paint.render` turns the same prompt, seed and size into the same bytes.
"""

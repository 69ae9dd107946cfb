"""3D models: a .glb from outside is checked here before it is kept, and drawn here for lists and pages.

Pure: bytes in, values and pictures out. numpy and Pillow alone; no viewer, no storage, no database.
"""

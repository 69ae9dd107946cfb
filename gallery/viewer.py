"""The viewer of 3D models: where its script is, and what its page may do beyond others. Set up by the Makefile."""

from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static

SCRIPT = "vendor/model-viewer.min.js"
POLICY = {
    # Its one <style> element, inside its shadow. Another release of the script has another one.
    "style-src": ["'sha256-PXtZZkJMMyc18o/DN1ZEFOJ2qEGq95IQbVaJFMOXOb0='"],
    # It reads a model's own textures back from memory.
    "connect-src": ["blob:"],
}


def script_url() -> str:
    """The script's address on this site; "" where it was set up without npm: then the poster and the download stay."""
    try:
        url = static(SCRIPT)
    except ValueError:  # not among the collected files
        return ""
    return url if not settings.DEBUG or finders.find(SCRIPT) else ""

"""What the staff's Replicate pages need in their templates: {% load console %}."""

import json
from collections.abc import Mapping
from typing import Any

from django import template

from generation.providers import registry

register = template.Library()


@register.simple_tag
def provider_is_on(name: str) -> bool:
    return registry.is_configured(name)


@register.filter
def as_json(value: Any) -> str:
    """As people read it; the template escapes it."""
    return json.dumps(value, indent=2, ensure_ascii=False)


@register.filter
def of(values: Mapping[str, Any], key: str) -> Any:
    """The value of a key that is itself a variable."""
    return values.get(key)

"""A vendor's module, as the registry imports it."""

from tests.generation.resilience.vendors import Vendor

provider = Vendor()

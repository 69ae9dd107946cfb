"""The roof: people, and every page that sees the whole."""

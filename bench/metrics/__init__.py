"""One module a metric: its cells, its anchors, its goals."""

"""What a job costs: a quote that binds, and what explains it."""

"""Money in; grants credits."""

"""Sample files and processes that several tests use."""

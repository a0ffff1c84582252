"""Faults at a chosen call of the program, and power cuts: ``injector.c`` and its users."""

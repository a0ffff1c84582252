"""Corrections that people made in a spreadsheet: applied, measured, exported."""

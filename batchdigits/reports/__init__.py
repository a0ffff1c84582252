"""What a run leaves for people: one file a format, each rendered from the same rows.

A new report is a module with a function ``render``, and an entry in
:mod:`batchdigits.reports.formats`.
"""

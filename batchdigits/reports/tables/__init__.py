"""The table of results in one format a module: CSV, JSON, Parquet, XLSX."""

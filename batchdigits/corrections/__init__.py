"""The way back from a spreadsheet: what people corrected, put on record and measured."""

"""Sizes that thumbnails, error cards and contact sheets share, in pixels."""

#: The scan's field is a square on top, the caption a strip below it.
THUMB_WIDTH = 128
FIELD_HEIGHT = 128
CAPTION_HEIGHT = 32
THUMB_HEIGHT = FIELD_HEIGHT + CAPTION_HEIGHT

#: Room round the scan, so that a frame round ink at its very edge still fits the field.
MARGIN = 4

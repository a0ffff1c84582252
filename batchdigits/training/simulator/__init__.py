"""The scan simulator: clean digits drawn again as pens, papers and scanners make them.

A clean digit becomes a scan in this order, and one module does each step:

1. ``distance_fields`` keeps a digit's shape, without its pen and paper. The digits come from pages,
   from forms written down as strokes (``strokes``) or from typefaces (``fonts``); those of
   displays are drawn by ``segment_digits``.
2. ``scan_styles`` samples one page's look in numbers (``page_look``), of one of the styles in
   ``dataset_styles``, ``paper_styles`` and ``screen_styles``.
3. ``pen`` distorts the shape and draws it as ink; ``marked_digits`` adds rings, underlines and
   strikes.
4. ``simulate`` places the ink on a page, for which ``paper`` draws the background, lines and dirt,
   and passes the page through a scanner: blur, noise, threshold, JPEG.
5. ``augment`` mixes such pages with real ones and with those of ``non_digits``, and normalises
   them as every scan is; ``epochs`` has other processes do so ahead of the training.
"""

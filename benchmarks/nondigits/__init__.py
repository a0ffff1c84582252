"""Images that hold no digit, or more than one, of kinds that no bundled model is trained with.

Models are trained with those of :mod:`batchdigits.training.simulator.non_digits`. None of those
may be here, nor any of these there, or the figure would mean nothing.
"""

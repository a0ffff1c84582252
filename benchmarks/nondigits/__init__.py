"""Images that hold no digit, or more than one, of kinds that no model here is ever fitted to.

What models are fitted to is in :mod:`batchdigits.training.simulator.non_digits`; nothing of
that is here, and nothing of this may go there, or the figure would mean nothing.
"""

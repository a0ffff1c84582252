"""Images that hold no digit, or more than one, of kinds that no bundled model is trained with.

Models are trained with those of :mod:`batchdigits.training.simulator.non_digits`. None of those
may be here, nor any of these there, or the figure would mean nothing. The exception are marks that
look so much like a digit that they must be learned: ticks with a hook and pluses with a bent stem
(:mod:`benchmarks.nondigits.ticks`), which are drawn here by other means than there.
"""

"""From a gray page to the 28 x 28 image that a model wants: ink, form lines, components."""

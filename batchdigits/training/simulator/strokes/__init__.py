"""Digits and marks written down as pen strokes, and drawn in some hand.

``stroke`` says how a form is written down. ``basic_forms``, ``school_forms_low``,
``school_forms_high`` and ``ambiguous_forms`` list those of digits, ``mark_forms`` those of marks
that are none.
``ornaments`` adds curls, hooks, waves and feet, ``draw`` draws a form, and ``digit_forms`` chooses
one of a digit.
"""

"""Making models: a recipe and labelled data in; out come a model, its card and learning curves.

``train`` reads from top to bottom: ``request`` says what to train, ``epoch_data`` what is shown to
a network, of which ``loop`` trains the weights; ``calibrate`` makes its confidences honest,
``test_metrics`` measures it, and ``export`` writes it.
"""

"""The networks: that of the bundled model, and the dense layers that tutorials begin with."""

from collections.abc import Sequence
from typing import Any

#: Filters of the six convolutions, in order. Multiples of 8, which 8-bit kernels work in.
FILTERS = 16, 32, 64, 80, 144, 176
#: Those of the networks that look at doubtful images once more: different ones, so that they make
#: different mistakes.
COMMITTEE_FILTERS = (
    FILTERS,
    (24, 32, 56, 80, 144, 160),
    (16, 40, 64, 96, 160, 192),
)
#: How many digits there are; and with what is none of them.
DIGIT_COUNT, CLASS_COUNT = 10, 11


def build_cnn(seed: int, filters: Sequence[int] = FILTERS) -> Any:
    """Build an untrained Keras model of six convolutions, 13.8 million multiplications an image.

    It takes ``(n, 28, 28, 1)`` float 0-255, and gives ``(n, 11)`` logits: ten digits and no digit.

    The first two convolutions see every pixel: what tells a thin stroke's loop from its bend is
    often one pixel wide. (A first layer of stride 2 takes 0.4 of the time and makes a sixth more
    mistakes.) Most go without padding: the ink's box is 20 of 28 pixels wide, so positions near the
    edges would cost much and see little but black. Batch normalisation folds into the convolutions
    on export, so it costs nothing to predict.

    Args:
        seed: of the weights.
        filters: of the six convolutions, in order.
    """
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    fine, fine_wide, middle, middle_wide, coarse, last = filters
    inputs = keras.Input((28, 28, 1))
    x = layers.Rescaling(1 / 255)(inputs)
    x = _apply_convolution(x, fine)
    x = _apply_convolution(x, fine_wide)
    x = layers.MaxPooling2D()(x)
    x = _apply_convolution(x, middle)
    x = _apply_convolution(x, middle_wide, padding="same")
    x = layers.MaxPooling2D()(x)
    x = _apply_convolution(x, coarse, padding="same")
    x = _apply_convolution(x, last)
    x = layers.Flatten()(x)
    x = layers.Dropout(0.4)(x)
    return keras.Model(inputs, layers.Dense(CLASS_COUNT)(x), name="cnn")


def _apply_convolution(x: Any, filters: int, padding: str = "valid") -> Any:
    from keras import layers

    x = layers.Conv2D(filters, 3, padding=padding, use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(x)


def join_networks(networks: Sequence[Any]) -> Any:
    """Join Keras models to one that gives the mean of their outputs; they are left as they are.

    Args:
        networks: two or more, ``(n, 28, 28, 1)`` in, and outputs of one shape.
    """
    import keras
    from keras import layers

    inputs = keras.Input((28, 28, 1))
    outputs = []
    for number, network in enumerate(networks):
        member = keras.models.clone_model(network)
        member.set_weights(network.get_weights())
        member.name = f"member-{number}"  # no two parts of a model may have one name
        outputs.append(member(inputs))
    return keras.Model(inputs, layers.Average()(outputs), name="committee")


def build_mlp(hidden: Sequence[int], output: str, seed: int) -> Any:
    """Build an untrained Keras model of dense layers.

    It takes ``(n, 28, 28, 1)`` float 0-255, and gives ``(n, 10)`` probabilities of the digits.

    Args:
        hidden: neurons of each hidden layer.
        output: ``"softmax"``, or ``"sigmoid"`` for ten probabilities that need not add to 1.
        seed: of the weights.
    """
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            *(layers.Dense(neurons, activation="relu") for neurons in hidden),
            layers.Dense(DIGIT_COUNT, activation=output),
        ],
        name="mlp",
    )

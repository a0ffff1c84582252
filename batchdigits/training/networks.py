"""The networks: that of the bundled model, and the dense layers that tutorials begin with."""

from collections.abc import Sequence
from typing import Any

#: Filters of each convolution, in order. Multiples of 8, which 8-bit kernels work in.
STEM_FILTERS, MIDDLE_FILTERS, DEEP_FILTERS, LAST_FILTERS = 40, 56, 112, 144
#: How many digits there are; and with what is none of them.
DIGIT_COUNT, CLASS_COUNT = 10, 11


def build_cnn(seed: int) -> Any:
    """Build an untrained Keras model of small convolutions, 5 million multiplications an image.

    It takes ``(n, 28, 28, 1)`` float 0-255, and gives ``(n, 11)`` logits: ten digits and no digit.

    Most convolutions go without padding: the ink's box is 20 of 28 pixels wide, so positions near
    the edges would cost half of all the work and see little but black. Batch normalisation folds
    into the convolutions on export, so it costs nothing to predict.

    Args:
        seed: of the weights.
    """
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((28, 28, 1))
    x = layers.Rescaling(1 / 255)(inputs)
    x = _space_to_depth(x)
    x = _apply_convolution(x, STEM_FILTERS)
    x = _apply_convolution(x, MIDDLE_FILTERS)
    x = layers.MaxPooling2D()(x)
    x = _apply_convolution(x, DEEP_FILTERS, padding="same")
    x = _apply_convolution(x, LAST_FILTERS)
    x = layers.Flatten()(x)
    x = layers.Dropout(0.4)(x)
    return keras.Model(inputs, layers.Dense(CLASS_COUNT)(x), name="cnn")


def _space_to_depth(x: Any) -> Any:
    """Turn every 2 x 2 pixels into 4 channels of one: ``(n, 28, 28, 1)`` to ``(n, 14, 14, 4)``.

    A 3 x 3 convolution of these is a 6 x 6 one of stride 2 on the pixels, in a third of its time:
    8-bit kernels take 8 channels at once, and fill up with zeros where there is only one.
    """
    from keras import layers

    x = layers.Reshape((14, 2, 14, 2))(x)
    x = layers.Permute((1, 3, 2, 4))(x)
    return layers.Reshape((14, 14, 4))(x)


def _apply_convolution(x: Any, filters: int, padding: str = "valid") -> Any:
    from keras import layers

    x = layers.Conv2D(filters, 3, padding=padding, use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(x)


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

"""The bundled network: small convolutions on 28 x 28, about 8 million multiplications."""

from typing import Any

#: Filters of each convolution, by the resolution it works at.
STEM, MIDDLE, DEEP = 24, 48, 96


def build_cnn(seed: int) -> Any:
    """An untrained Keras model: ``(n, 28, 28, 1)`` float 0-255 in, ``(n, 10)`` logits out.

    Batch normalisation folds into the convolutions on export, so it costs nothing to predict.
    """
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((28, 28, 1))
    x = layers.Rescaling(1 / 255)(inputs)
    x = _convolution(x, STEM, size=5, stride=2)
    x = _convolution(x, MIDDLE)
    x = layers.MaxPooling2D()(x)
    x = _convolution(x, DEEP)
    x = _convolution(x, DEEP)
    x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(0.4)(x)
    return keras.Model(inputs, layers.Dense(10)(x), name="cnn")


def _convolution(x: Any, filters: int, size: int = 3, stride: int = 1) -> Any:
    from keras import layers

    x = layers.Conv2D(filters, size, strides=stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(x)

"""What a Keras file from anywhere would have Keras do, judged before any Keras sees it.

Keras builds whatever a file names: layers that hold code, layers that open files, and in Keras 2
any function of any module, as its loader of HDF5 files knows no safe mode at all. So only what
is listed here passes, all of which does nothing but compute; what is not listed is refused.
"""

import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from batchdigits.errors import ModelError
from batchdigits.inference.importing.model_formats import (
    CONFIG_MEMBER,
    SAVE_WHOLE_ADVICE,
    ModelFormat,
    check_zip_directory,
)

#: Most bytes that a model may unpack to; the largest that read digits have a hundredth of it.
MAX_BYTES = 2 * 2**30
#: Most members of an archive; Keras writes three.
MAX_MEMBERS = 2000
#: Most groups and arrays of an HDF5 file; a layer takes about five.
MAX_OBJECTS = 100_000
#: Longest configuration, in bytes; that of a hundred layers has a thousandth of it.
MAX_CONFIGURATION_BYTES = 64 * 2**20
#: Longest ``metadata.json`` that is read, in bytes; Keras writes some hundred.
MAX_METADATA_BYTES = 2**16
#: How deep a configuration may be nested; a model in a model takes ten levels.
MAX_DEPTH = 100

LAYERS = frozenset(
    """
    Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D
    AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add
    AdditiveAttention AlphaDropout Attention AugMix AutoContrast Average AveragePooling1D
    AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D BatchNormalization
    BatchNormalizationV1 BatchNormalizationV2 Bidirectional CenterCrop Concatenate Conv1D
    Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D
    ConvLSTM3D Convolution1D Convolution1DTranspose Convolution2D Convolution2DTranspose
    Convolution3D Convolution3DTranspose Cropping1D Cropping2D Cropping3D CutMix Dense
    DepthwiseConv1D DepthwiseConv2D Dot Dropout EinsumDense ELU Embedding Equalization Flatten
    GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D
    GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D
    GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D
    GroupNormalization GroupQueryAttention GRU GRUCell GRUCellV1 GRUCellV2 GRUV1 GRUV2 Identity
    InputLayer LayerNormalization LeakyReLU LocallyConnected1D LocallyConnected2D LSTM LSTMCell
    LSTMCellV1 LSTMCellV2 LSTMV1 LSTMV2 Masking Maximum MaxPool1D MaxPool2D MaxPool3D
    MaxPooling1D MaxPooling2D MaxPooling3D Minimum MixUp MultiHeadAttention Multiply
    Normalization Permute Pipeline PReLU RandAugment RandomBrightness RandomColorDegeneration
    RandomColorJitter RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip
    RandomGaussianBlur RandomGrayscale RandomHeight RandomHue RandomInvert RandomPerspective
    RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear
    RandomTranslation RandomWidth RandomZoom ReLU RepeatVector Rescaling Reshape Resizing
    RMSNormalization RNN SeparableConv1D SeparableConv2D SeparableConvolution1D
    SeparableConvolution2D SimpleRNN SimpleRNNCell Softmax Solarization SpatialDropout1D
    SpatialDropout2D SpatialDropout3D SpectralNormalization StackedRNNCells Subtract
    ThresholdedReLU TimeDistributed UnitNormalization UpSampling1D UpSampling2D UpSampling3D
    ZeroPadding1D ZeroPadding2D ZeroPadding3D
    """.split()  # noqa: SIM905
)
MODELS = frozenset({"Functional", "Model", "Sequential"})
#: What arithmetic on Keras 3's tensors is saved as, by module of ``keras.src.ops``; none of those
#: that take a function.
OPERATIONS = {
    name: f"keras.src.ops.{module}"
    for module, names in {
        "numpy": """
            Abs Absolute Add All Amax Amin Any Argmax Argmin Average BroadcastTo Ceil Clip
            Concatenate Copy Cos Diagonal Divide DivideNoNan Dot Einsum Equal Exp ExpandDims Expm1
            Flip Fliplr Flipud Floor FloorDivide FullLike GetItem Greater GreaterEqual Isfinite
            Isinf Isnan Less LessEqual Log Log10 Log1p Log2 Logaddexp LogicalAnd LogicalNot
            LogicalOr LogicalXor Matmul Max Maximum Mean Median Min Minimum Mod Moveaxis Multiply
            NanToNum Negative NotEqual OnesLike Pad Power Prod Ravel Reciprocal Repeat Reshape Roll
            Rot90 Round Sign Sin Split Sqrt Square Squeeze Stack Std Subtract Sum Swapaxes Take Tanh
            Tensordot Tile Transpose Tril Triu TrueDivide Trunc Var Vdot Where ZerosLike
        """,
        "nn": """
            AveragePool BatchNorm Celu Conv ConvTranspose DepthToSpace DepthwiseConv
            DotProductAttention Elu Gelu Glu HardShrink HardSigmoid HardSilu HardTanh LayerNorm
            LeakyRelu LogSigmoid LogSoftmax MaxPool Moments Normalize OneHot RMSNorm Relu Relu6 Selu
            SeparableConv Sigmoid Silu SoftShrink Softmax Softplus Softsign SpaceToDepth SparsePlus
            SparseSigmoid Sparsemax Squareplus TanhShrink Threshold
        """,
        "core": "Cast ConvertToTensor SaturateCast Slice StopGradient Unstack",
        "image": "RGBToGrayscale Resize",
        "math": "Erf Logsumexp Rsqrt",
        "linalg": "Norm",
    }.items()
    for name in names.split()
}
#: What arithmetic on Keras 2's tensors is saved as: layers that name a function of TensorFlow.
TENSORFLOW_LAYERS = frozenset({"TFOpLambda", "SlicingOpLambda"})
TENSORFLOW_FUNCTIONS = frozenset(
    """
    __operators__.add __operators__.eq __operators__.getitem __operators__.ne argmax cast
    clip_by_value concat einsum expand_dims gather identity image.central_crop
    image.grayscale_to_rgb image.per_image_standardization image.resize
    image.resize_with_crop_or_pad image.resize_with_pad image.rgb_to_grayscale image.transpose
    linalg.l2_normalize linalg.matmul linalg.norm math.abs math.add math.add_n math.argmax
    math.ceil math.cos math.divide math.divide_no_nan math.equal math.erf math.exp math.expm1
    math.floor math.floordiv math.floormod math.greater math.greater_equal math.l2_normalize
    math.less math.less_equal math.log math.log1p math.log_sigmoid math.log_softmax
    math.logical_and math.logical_not math.logical_or math.maximum math.minimum math.mod
    math.multiply math.multiply_no_nan math.negative math.not_equal math.pow math.reciprocal
    math.reciprocal_no_nan math.reduce_all math.reduce_any math.reduce_euclidean_norm
    math.reduce_logsumexp math.reduce_max math.reduce_mean math.reduce_min math.reduce_prod
    math.reduce_std math.reduce_sum math.reduce_variance math.round math.rsqrt math.scalar_mul
    math.sigmoid math.sign math.sin math.softmax math.softplus math.softsign math.sqrt
    math.square math.squared_difference math.subtract math.tanh math.truediv nn.avg_pool
    nn.avg_pool2d nn.bias_add nn.elu nn.gelu nn.l2_normalize nn.leaky_relu nn.log_softmax
    nn.max_pool nn.max_pool2d nn.relu nn.relu6 nn.selu nn.sigmoid nn.silu nn.softmax nn.softplus
    nn.softsign nn.swish nn.tanh one_hot ones_like pad realdiv repeat reshape reverse
    saturate_cast shape slice split squeeze stack stop_gradient strided_slice tile transpose
    truncatediv unstack where zeros_like
    """.split()  # noqa: SIM905
)
#: Activations by the names that both Keras have, or Keras 3 alone.
ACTIVATIONS = frozenset(
    """
    celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh
    leaky_relu linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink
    softmax softplus softsign sparse_plus sparse_sigmoid sparsemax squareplus swish tanh
    tanh_shrink threshold
    """.split()  # noqa: SIM905
)
#: Initializers, regularizers and constraints, as classes and by the names for short.
WEIGHT_SETTINGS = frozenset(
    """
    Constant constant glorot_normal glorot_uniform GlorotNormal GlorotUniform he_normal
    he_uniform HeNormal HeUniform Identity identity IdentityInitializer L1 l1 l1_l2 L1L2 L2 l2
    lecun_normal lecun_uniform LecunNormal LecunUniform max_norm MaxNorm maxnorm min_max_norm
    MinMaxNorm non_neg NonNeg nonneg normal one Ones ones Orthogonal orthogonal
    orthogonal_regularizer OrthogonalInitializer OrthogonalRegularizer radial_constraint
    RadialConstraint random_normal random_uniform RandomNormal RandomUniform truncated_normal
    TruncatedNormal uniform unit_norm UnitNorm unitnorm variance_scaling VarianceScaling zero
    Zeros zeros
    """.split()  # noqa: SIM905
)
#: Values that JSON has no word for, and the precision that a layer computes with.
VALUE_CLASSES = frozenset(
    """
    __bytes__ __ellipsis__ __keras_tensor__ __numpy__ __slice__ __tensor__ __tuple__ DTypePolicy
    FloatDTypePolicy Policy TensorShape
    """.split()  # noqa: SIM905
)
ALLOWED_CLASSES = (
    LAYERS | MODELS | OPERATIONS.keys() | TENSORFLOW_LAYERS | WEIGHT_SETTINGS | VALUE_CLASSES
)
#: Layers that hold a Python function as bytes, which whoever made the file chose.
CODE_LAYERS = frozenset({"Lambda", "__lambda__"})
#: Layers that open files or need what is in none.
EXTERNAL_LAYERS = frozenset(
    """
    FlaxLayer IntegerLookup JaxLayer StringLookup TFSMLayer TextVectorization TorchModuleWrapper
    """.split()  # noqa: SIM905
)
#: Keys whose words Keras looks up, and the words that it may find.
ALLOWED_WORDS_BY_KEY = {
    "activation": ACTIVATIONS,
    "initializer": WEIGHT_SETTINGS,
    "regularizer": WEIGHT_SETTINGS,
    "constraint": WEIGHT_SETTINGS,
}
#: Names of TensorFlow's own functions where they are not those of Keras.
FUNCTION_ALIASES = {
    "softmax_v2": "softmax",
    "log_softmax_v2": "log_softmax",
    "leaky_relu_v2": "leaky_relu",
}


@dataclass(frozen=True, slots=True)
class KerasConfiguration:
    """What a Keras file says of its model.

    ``model`` is the parsed configuration, rewritten by :func:`simplify_configuration`; ``version``
    that of the Keras that wrote the file, empty where it does not say.
    """

    model: dict[str, Any]
    version: str


class _RejectedModelError(Exception):
    """Why not, as the end of the sentence that begins with the file's name."""


@contextmanager
def translate_errors(path: Path) -> Iterator[None]:
    """Turn whatever reading a hostile or damaged file raises into one sentence.

    Raises:
        ModelError: anything at all was raised inside.
    """
    try:
        yield
    except ModelError:
        raise
    except _RejectedModelError as error:
        raise ModelError(f"{path} {error}.") from error
    except Exception as error:  # zipfile, zlib, json and h5py raise many types on damaged files
        # A full disk, say; what is wrong with the file itself has no such number.
        if isinstance(error, OSError) and error.errno:
            raise ModelError(f"The model {path} cannot be read: {error.strerror}.") from error
        why = " ".join(str(error).split()) or type(error).__name__
        raise ModelError(f"{path} is damaged: {why}.") from error


def read_safe_configuration(
    path: Path, model_format: ModelFormat, trusted: bool = False
) -> KerasConfiguration:
    """The configuration of a Keras file, all of which may be loaded.

    Args:
        path: the file, from anywhere.
        kind: ``ModelFormat.KERAS`` or ``ModelFormat.HDF5``.
        trust: let any layer pass, those that hold code too.

    Raises:
        ModelError: damaged, too large, without a configuration, or something in it does more
            than compute; names the first such layer.
    """
    with translate_errors(path):
        text, version = (_read_zip if model_format is ModelFormat.KERAS else _read_hdf5)(path)
        try:
            model = simplify_configuration(json.loads(text))
        except RecursionError as error:
            raise _RejectedModelError("is nested too deeply for a model") from error
        if not isinstance(model, dict) or "class_name" not in model:
            raise _RejectedModelError(
                f"does not say what its model is built of: {SAVE_WHOLE_ADVICE}"
            )
        if not trusted:
            _check_value(model)
        return KerasConfiguration(model, version)


def _read_zip(path: Path) -> tuple[bytes, str]:
    """Configuration and version of a ``.keras`` archive whose members have decent sizes."""
    with path.open("rb") as file:
        check_zip_directory(path, file, path.stat().st_size)
        with zipfile.ZipFile(file) as archive:
            _check_members(archive)
            # The last of its name counts, as for Keras.
            if archive.getinfo(CONFIG_MEMBER).file_size > MAX_CONFIGURATION_BYTES:
                raise _RejectedModelError("has too long a configuration for a model of digits")
            text = archive.read(CONFIG_MEMBER)
            return text, _read_keras_version(archive)


def _read_keras_version(archive: zipfile.ZipFile) -> str:
    """The version of the Keras that wrote an archive, empty where that is not told."""
    try:
        if archive.getinfo("metadata.json").file_size > MAX_METADATA_BYTES:
            return ""
        return str(json.loads(archive.read("metadata.json"))["keras_version"])
    except (ValueError, KeyError, TypeError):
        return ""


def _check_members(archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise _RejectedModelError(f"holds more than {MAX_MEMBERS:,} members, too many for a model")
    if sum(member.file_size for member in members) > MAX_BYTES:
        raise _RejectedModelError("would unpack to more than 2 GiB")
    for member in members:
        parts = PurePosixPath(member.filename.replace("\\", "/")).parts
        if ".." in parts or parts[:1] == ("/",) or re.match("[A-Za-z]:", member.filename):
            raise _RejectedModelError(
                f"has a member outside its own folder: {member.filename[:80]!r}"
            )


def _read_hdf5(path: Path) -> tuple[bytes | str, str]:
    """Configuration and version of a whole model in HDF5, all of whose arrays are in the file."""
    import h5py

    if path.stat().st_size > MAX_BYTES:
        raise _RejectedModelError("is larger than 2 GiB")
    with h5py.File(path, "r", locking=False) as file:
        check_hdf5(file)
        text = file.attrs.get("model_config")
        version = file.attrs.get("keras_version", "")
    if text is None:
        raise _RejectedModelError(
            f"holds only a model's weights, not the model: {SAVE_WHOLE_ADVICE}"
        )
    if not isinstance(text, bytes | str) or len(text) > MAX_CONFIGURATION_BYTES:
        raise _RejectedModelError("has no readable configuration")
    return text, version.decode() if isinstance(version, bytes) else str(version)


def check_hdf5(file: Any) -> None:
    """Refuse an HDF5 file that reaches out of itself or holds arrays without measure.

    Args:
        file: an open ``h5py.File``. To be called within :func:`translate_errors`.
    """
    import h5py

    total = count = 0

    def check_object(name: str, found: Any) -> None:
        nonlocal total, count
        count += 1
        if isinstance(found, h5py.Dataset):
            total += found.nbytes
            if found.external or found.is_virtual:
                raise _RejectedModelError(f"keeps its array {name[:80]!r} in another file")
        elif isinstance(found, h5py.Group):
            _check_links(found)
        if total > MAX_BYTES or count > MAX_OBJECTS:
            raise _RejectedModelError("holds more than 2 GiB or too many arrays")

    _check_links(file)
    # Follows no links but those to objects of this file, and visits each object once.
    file.visititems(check_object)


def _check_links(group: Any) -> None:
    """Refuse links by path, which no Keras writes and which may lead to another file."""
    import h5py

    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise _RejectedModelError(f"has a link {name[:80]!r} that may lead to another file")


def simplify_configuration(value: Any, key: str = "", depth: int = 0) -> Any:
    """A configuration as both Keras take it: activations by name, nothing about training.

    ``activation=tf.nn.softmax`` is saved as ``"softmax_v2"`` or as a reference to a function of
    that name, depending on the version; no Keras finds either again. A copy is returned.
    """
    if depth > MAX_DEPTH:
        raise RecursionError
    if isinstance(value, list):
        return [simplify_configuration(each, key, depth + 1) for each in value]
    if key.endswith("activation"):
        value = _simplify_activation(value)
    if not isinstance(value, dict):
        return value
    parts = {name: each for name, each in value.items() if name != "compile_config"}
    return _update_module(
        {name: simplify_configuration(each, name, depth + 1) for name, each in parts.items()}
    )


def _simplify_activation(value: Any) -> Any:
    """The name of an activation that refers to a function, anything else as it is."""
    name = value
    if isinstance(value, dict) and value.get("class_name") == "function":
        name = value.get("config")
    name = FUNCTION_ALIASES.get(name, name) if isinstance(name, str) else name
    return name if isinstance(name, str) and name in ACTIVATIONS else value


def _update_module(value: dict[str, Any]) -> dict[str, Any] | str:
    """An object with the module that it is in now, where that has changed or was not saved."""
    module, kind = value.get("module"), value.get("class_name")
    if kind in ("DTypePolicy", "Policy"):
        # Half precision was for the graphics card that trained; it cannot be converted.
        return "float32"
    if isinstance(module, str):
        # Before Keras 2.13 there was no ``src`` in it.
        return value | {
            "module": re.sub(r"^keras\.(?=engine\.|layers\.\w+\.)", "keras.src.", module)
        }
    # Keras 3 itself does not find again the arithmetic that it saves in HDF5. Layers of the same
    # names have settings that arithmetic has not.
    if kind in OPERATIONS and "trainable" not in value["config"]:
        return value | {"module": OPERATIONS[kind]}
    return value


def _check_value(value: Any, key: str = "", layer: str = "") -> None:
    """Refuse whatever is not listed, in a simplified configuration or a part of it.

    Args:
        value: the part.
        key: what the part is called where it stands.
        layer: the layer that it belongs to.
    """
    if isinstance(value, list):
        for each in value:
            _check_value(each, key, layer)
    elif isinstance(value, dict):
        layer = _read_layer_name(value) or layer
        if "class_name" in value:
            _check_class(value, layer)
        for name, each in value.items():
            _check_value(each, name, layer)
    elif isinstance(value, str):
        words = ALLOWED_WORDS_BY_KEY.get(key.rpartition("_")[2])
        if words is not None and value not in words:
            raise _RejectedModelError(
                f"uses a function of its own, {value[:80]!r}, in its layer {layer!r}"
            )


def _read_layer_name(value: dict[str, Any]) -> str:
    config = value.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    return name[:80] if isinstance(name, str) else ""


def _check_class(value: dict[str, Any], layer: str) -> None:
    """Refuse an object of a class that is not listed, saying why as well as can be told."""
    kind = value["class_name"]
    shown = f"its layer {layer!r}" if layer else "its model"
    if kind in CODE_LAYERS:
        raise _RejectedModelError(
            f"holds code, in {f'a Lambda layer {layer!r}' if layer else 'a Lambda layer'},"
            " which is not run for a file from anywhere unless --trust-model is given"
        )
    if kind == "function":
        raise _RejectedModelError(
            f"uses a function of its own, {str(value.get('config'))[:80]!r}, in {shown}"
        )
    if kind in EXTERNAL_LAYERS:
        raise _RejectedModelError(f"needs what is not in the file, in {shown}, a {kind}")
    if kind not in ALLOWED_CLASSES or not _is_builtin(value):
        raise _RejectedModelError(
            f"needs the class {str(kind)[:80]!r} in {shown}, which is none of Keras' own that only"
            " compute: export it where it was made, as a SavedModel (model.export) or to ONNX"
        )
    if kind in TENSORFLOW_LAYERS and not _is_pure(value.get("config")):
        raise _RejectedModelError(f"calls a function of TensorFlow that is not allowed, in {shown}")


def _is_builtin(value: dict[str, Any]) -> bool:
    """Whether the class is one of Keras' own and no other of the same name."""
    module, registered = value.get("module"), value.get("registered_name")
    own = module is None or (isinstance(module, str) and OWN_MODULE.fullmatch(module) is not None)
    return own and registered in (None, value["class_name"])


#: Where Keras' own classes are; Keras 2 would take any class of any module.
OWN_MODULE = re.compile(r"(tf_)?keras(\.\w+)*")


def _is_pure(config: Any) -> bool:
    function = config.get("function") if isinstance(config, dict) else None
    return isinstance(function, str) and function.removeprefix("compat.v1.") in TENSORFLOW_FUNCTIONS

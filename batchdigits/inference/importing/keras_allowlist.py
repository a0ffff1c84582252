"""The names that a Keras file may use: layers, arithmetic and settings that only compute.

What is not listed here is refused by :mod:`batchdigits.inference.importing.keras_safety`.
"""

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
#: Classes that arithmetic on Keras 3's tensors is saved as, with their modules; none that takes a
#: function.
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
#: Layers that arithmetic on Keras 2's tensors is saved as; each names a function of TensorFlow.
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
#: Activations by their names in both versions of Keras, or in Keras 3 alone.
ACTIVATIONS = frozenset(
    """
    celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh
    leaky_relu linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink
    softmax softplus softsign sparse_plus sparse_sigmoid sparsemax squareplus swish tanh
    tanh_shrink threshold
    """.split()  # noqa: SIM905
)
#: Initializers, regularizers and constraints, by their classes and their short names.
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
#: Values that JSON cannot express, and the precision that a layer computes with.
VALUE_CLASSES = frozenset(
    """
    __bytes__ __ellipsis__ __keras_tensor__ __numpy__ __slice__ __tensor__ __tuple__ DTypePolicy
    FloatDTypePolicy Policy TensorShape
    """.split()  # noqa: SIM905
)
ALLOWED_CLASSES = (
    LAYERS | MODELS | OPERATIONS.keys() | TENSORFLOW_LAYERS | WEIGHT_SETTINGS | VALUE_CLASSES
)
#: Layers that hold a Python function as bytecode; not allowed.
CODE_LAYERS = frozenset({"Lambda", "__lambda__"})
#: Layers that open files, or need what is in no file; not allowed.
EXTERNAL_LAYERS = frozenset(
    """
    FlaxLayer IntegerLookup JaxLayer StringLookup TFSMLayer TextVectorization TorchModuleWrapper
    """.split()  # noqa: SIM905
)
#: Keys whose values Keras looks up by name, and the names that are allowed there.
ALLOWED_WORDS_BY_KEY = {
    "activation": ACTIVATIONS,
    "initializer": WEIGHT_SETTINGS,
    "regularizer": WEIGHT_SETTINGS,
    "constraint": WEIGHT_SETTINGS,
}

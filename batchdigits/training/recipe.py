"""Everything besides the data that decides a model's weights."""

from dataclasses import dataclass, replace

from batchdigits.config import Arch, Output, TrainingSettings
from batchdigits.errors import UsageError


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is trained, and how.

    Attributes:
        arch: the network.
        hidden: neurons of each hidden layer of an ``mlp``.
        output: the last layer of an ``mlp``.
        epochs: rounds from nothing.
        refine: further rounds, from the running mean of the weights, at half the learning rate.
        batch_size: images learned from at once.
        seed: decides all chance there is, on the same machine.
        patience: rounds without a better reading of held-back digits after which training ends
            and the best weights are taken; 0 to go on to the end.
        learning_rate: of Adam (Kingma and Ba, ICLR 2015): at its peak, where ``anneal`` is set.
        anneal: whether the rate rises and falls to nothing in each cycle (Loshchilov and Hutter,
            *SGDR*, ICLR 2017).
        weight_decay: of AdamW (Loshchilov and Hutter, ICLR 2019).
        label_smoothing: since a few labels of every set are wrong (Szegedy et al., CVPR 2016).
        averaging: momentum of the running mean of the weights (Polyak and Juditsky, 1992), or 0
            for the weights of the last step.
        images: how many are shown in a round where they are simulated, but no more than four of
            each digit.
    """

    arch: Arch = Arch.CNN
    hidden: tuple[int, ...] = ()
    output: Output = Output.SOFTMAX
    epochs: int = 70
    refine: int = 36
    batch_size: int = 128
    seed: int = 1
    patience: int = 0
    learning_rate: float = 2.5e-3
    anneal: bool = True
    weight_decay: float = 2e-2
    label_smoothing: float = 0.01
    averaging: float = 0.999
    images: int = 90_000

    @property
    def total_epochs(self) -> int:
        """How many epochs there are, those of ``refine`` among them."""
        return self.epochs + self.refine

    @property
    def is_augmented(self) -> bool:
        """Whether images are simulated without end, or each is shown as it is."""
        return self.arch is Arch.CNN


#: Flatten, Dense ReLU, Dense 10; Adam as it comes; batches of 32, as Keras has them.
MLP_RECIPE = Recipe(
    arch=Arch.MLP,
    hidden=(128, 128),
    epochs=10,
    refine=0,
    batch_size=32,
    patience=3,
    learning_rate=1e-3,
    anneal=False,
    weight_decay=0.0,
    label_smoothing=0.0,
    averaging=0.0,
    images=0,
)
#: From weights that read well already: short, and in small steps.
FINE_TUNING_RECIPE = Recipe(epochs=5, refine=0, learning_rate=2.5e-4)


#: Fields of a recipe that are settings of the same name.
_OPTIONS = ("hidden", "output", "epochs", "refine", "batch_size", "patience", "seed")


def get_default_recipe(arch: Arch, pretrained: bool) -> Recipe:
    """Return the recipe of a network where nothing else is asked for.

    Args:
        arch: the network.
        pretrained: whether it begins with weights that read well already.
    """
    if arch is Arch.MLP:
        return MLP_RECIPE
    return FINE_TUNING_RECIPE if pretrained else Recipe()


def build_recipe(settings: TrainingSettings, arch: Arch) -> Recipe:
    """Put what the settings choose into the default recipe of a network.

    Raises:
        UsageError: an option is for another network.
    """
    default = get_default_recipe(arch, pretrained=bool(settings.start))
    options = {
        name: value
        for name in _OPTIONS
        if (value := getattr(settings, name)) is not None and value != ()
    }
    has_layers = "hidden" in options or options.get("output", default.output) != default.output
    if arch is Arch.CNN and has_layers:
        raise UsageError("--hidden and --output are only for --arch mlp.")
    if arch is Arch.MLP and options.get("refine"):
        raise UsageError("--refine is only for --arch cnn.")
    return replace(default, **options)

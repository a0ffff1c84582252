"""The networks that look once more at doubtful images: trained like the first, one by one."""

from dataclasses import replace
from typing import Any

from batchdigits.training.epoch_data import TrainingData
from batchdigits.training.loop.checkpoint import Checkpoint
from batchdigits.training.loop.cycles import TrainingListener, train_network
from batchdigits.training.networks import COMMITTEE_FILTERS, build_cnn
from batchdigits.training.request import TrainingRequest


def train_committee(
    request: TrainingRequest, data: TrainingData, listener: TrainingListener
) -> list[Any]:
    """Train the further networks with the recipe and the digits of the first, and other chances.

    Each has its own seed and its own checkpoint, which is kept until all of the model is written:
    where a training is resumed, those that were finished are not trained again.

    Args:
        request: what was asked for.
        data: what the first network learned from.
        listener: told how it goes on.

    Returns:
        Keras models.
    """
    networks = []
    for number, filters in enumerate(COMMITTEE_FILTERS, start=1):
        recipe = replace(request.recipe, seed=request.recipe.seed + number)
        network = build_cnn(recipe.seed, filters)
        path = request.files.get_committee_checkpoint(number)
        checkpoint = Checkpoint(path, recipe, data.split.fingerprint())
        if request.resume and path.exists():
            checkpoint.load()
        listener.on_message(f"Training committee network {number} of {len(COMMITTEE_FILTERS)}.")
        train_network(network, data.epochs, data.validation_set.real, recipe, checkpoint, listener)
        networks.append(network)
    return networks

"""Trained networks to a model on disk: converted, calibrated, tested, written with its card."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from batchdigits.arrays import GrayImage
from batchdigits.datasets.labelled import concatenate
from batchdigits.inference.engine import engine_from_bytes
from batchdigits.inference.fixed_batch_model import FixedBatchModel
from batchdigits.inference.importing.convert import drop_last_activation, to_float_tflite
from batchdigits.inference.model_card import SecondLookSpec, card_from_fields
from batchdigits.inference.second_look import COMMITTEE_SIZE, SHIFTS, SecondLookEngine
from batchdigits.system.atomic_files import write_bytes
from batchdigits.system.extras import is_installed
from batchdigits.system.hashing import hash_bytes
from batchdigits.training.calibrate import calibrate, calibrate_second_look
from batchdigits.training.card_fields import build_training_fields
from batchdigits.training.curves import plot_learning_curves
from batchdigits.training.epoch_data import TrainingData
from batchdigits.training.export import build_file_fields, to_tflite, write_model
from batchdigits.training.loop.history import EpochMetrics
from batchdigits.training.networks import join_networks
from batchdigits.training.request import TrainingRequest
from batchdigits.training.simulator.augment import batch_from_data, make_batch
from batchdigits.training.simulator.source_digits import SourceDigits
from batchdigits.training.test_metrics import TestMetrics, compute_test_metrics

#: Images from which the ranges of 8-bit activations are taken, and what their seed has in place of
#: an epoch's number.
REPRESENTATIVE_IMAGES, _REPRESENTATIVE_SEED = 4096, 2**32 - 1
#: The first network's confidence under which the committee is asked. Of what is surer, one in some
#: thousand is wrong, and mostly so that no network reads it right.
ASK_AGAIN_BELOW = 0.9


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """A model on disk.

    Attributes:
        path: the ``.tflite`` file.
        history: what became of each epoch.
        test_metrics: how the model reads digits that nothing was learned from.
    """

    path: Path
    history: list[EpochMetrics]
    test_metrics: TestMetrics


def write_trained_model(
    request: TrainingRequest,
    data: TrainingData,
    network: Any,
    history: list[EpochMetrics],
    committee: Sequence[Any] = (),
) -> TrainingResult:
    """Convert, calibrate and test a network, and write the model with its card.

    Learning curves are drawn where Matplotlib is installed.

    Args:
        request: what was asked for.
        data: what the network learned from, and what it is calibrated on and tested with.
        network: the Keras model that reads every image.
        history: what became of its epochs; without it there are no curves.
        committee: ``COMMITTEE_SIZE`` Keras models that look once more at doubtful images, of
            images simulated as for ``network``; or none.

    Raises:
        OSError: a file cannot be written.
        ValueError: the committee is of another size.
    """
    files = request.files
    source_digits = data.epochs.source_digits
    files.folder.mkdir(parents=True, exist_ok=True)
    network.save(files.keras)
    committee_content = None
    if source_digits is None:
        drop_last_activation(network)
        content = to_float_tflite(network, (28, 28, 1))
    else:
        samples = _draw_samples(source_digits, request.recipe.seed)
        content = to_tflite(network, samples)
        if committee:
            committee_content = _convert_committee(committee, samples)
    fields = build_training_fields(request, data.split, source_digits, network.count_params())
    fields |= build_file_fields(files, content)
    fields |= calibrate(engine_from_bytes(content, card_from_fields(fields)), data.validation_set)
    if committee_content is not None:
        name = files.committee.name
        engine = SecondLookEngine(
            FixedBatchModel(content, files.tflite.name),
            FixedBatchModel(committee_content, name),
            card_from_fields(fields),
            SecondLookSpec(name, hash_bytes(committee_content), 1.0, ASK_AGAIN_BELOW),
        )
        fields |= calibrate_second_look(engine, data.validation_set)
    card = card_from_fields(fields)
    test_metrics = compute_test_metrics(
        engine_from_bytes(content, card, committee=committee_content),
        *batch_from_data(concatenate(data.split.test)),
    )
    fields["test"] = test_metrics.to_dict()
    fields["history"] = [asdict(epoch) for epoch in history]
    write_model(files, content, fields, committee_content)
    if history and is_installed("matplotlib"):
        write_bytes(files.curves, plot_learning_curves(history, test_metrics, files.name))
    else:
        # That of a model which this one takes the place of.
        files.curves.unlink(missing_ok=True)
    return TrainingResult(files.tflite, history, test_metrics)


def _draw_samples(source_digits: SourceDigits, seed: int) -> GrayImage:
    count = min(REPRESENTATIVE_IMAGES, 4 * len(source_digits.data))
    samples, _ = make_batch(source_digits, count, [seed, _REPRESENTATIVE_SEED])
    return samples


def _convert_committee(committee: Sequence[Any], samples: GrayImage) -> bytes:
    if len(committee) != COMMITTEE_SIZE:
        raise ValueError(f"a committee has {COMMITTEE_SIZE} networks, not {len(committee)}")
    # A doubtful image often comes alone: its copies fill a batch, and nothing is padded.
    return to_tflite(join_networks(committee), samples, batch_size=len(SHIFTS))

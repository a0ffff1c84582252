"""What a name means, and what a folder that came from elsewhere cannot make of it."""

import logging
import shutil
from pathlib import Path

import pytest

from batchdigits.config import Model
from batchdigits.errors import ModelError, UsageError
from batchdigits.inference.engine import find_bundled_models
from batchdigits.inference.registry import (
    describe_default_model,
    find_model,
    list_models,
    open_engine,
    read_default_model,
    set_default,
)
from batchdigits.system.logs import LOG

BUNDLED = find_bundled_models() / "digits.tflite"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "here" / "models").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    return tmp_path / "here"


@pytest.mark.parametrize(
    "place",
    [
        *("models/digits.tflite", "models/digits.keras", "models/digits.h5", "models/digits.onnx"),
        *("models/digits.model", "models/digits", "models/digits/saved_model.pb"),
        *("digits", "digits/saved_model.pb"),
    ],
)
def test_no_model_of_the_folder_takes_a_bundled_one_s_place(place: str, folder: Path) -> None:
    path = folder / place
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"theirs")
    model = place.removesuffix("/saved_model.pb")
    for name in ("", "digits"):
        with pytest.raises(ModelError, match=f"^{model} has the name .* --model ./{model}"):
            open_engine(Model(name))
    assert find_model(f"./{model}") == Path(model)
    assert dict(list_models())["digits"] == BUNDLED


def test_a_copy_of_the_bundled_model_is_no_other_model(folder: Path) -> None:
    for path in BUNDLED.parent.glob("digits.*"):
        shutil.copy(path, folder / "models")
    assert find_model("digits") == BUNDLED
    shutil.copy(BUNDLED, folder / "models" / "mine.tflite")
    assert find_model("mine") == Path("models/mine.tflite")
    assert [name for name, _ in list_models()] == ["digits", "mine"]


def test_a_default_of_the_folder_is_passed_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "models" / "default.txt").write_text("mine\n")
    (folder / "models" / "mine.tflite").write_bytes(b"theirs")
    monkeypatch.setattr(LOG, "propagate", True)
    with caplog.at_level(logging.INFO, LOG.name):
        assert read_default_model() == "digits"
    assert "models/default.txt is no longer used" in caplog.text


def test_the_default_is_a_path_so_that_no_folder_gives_it_another_meaning(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = folder / "models" / "mine.tflite"
    mine.write_bytes(b"mine")
    set_default("mine")
    assert (read_default_model(), describe_default_model()) == (str(mine), "mine")
    (folder / "elsewhere" / "models").mkdir(parents=True)
    (folder / "elsewhere" / "models" / "mine.tflite").write_bytes(b"theirs")
    monkeypatch.chdir(folder / "elsewhere")
    assert (read_default_model(), describe_default_model()) == (str(mine), str(mine))
    mine.unlink()
    with pytest.raises(ModelError, match=r"default model .*mine\.tflite is gone"):
        open_engine(Model(""))
    own = folder.parent / "home" / "batchdigits" / "default-model"
    own.chmod(0o666)
    with pytest.raises(UsageError, match="others may write to it"):
        read_default_model()
    own.chmod(0o600)
    own.write_bytes(b"models/mine.tflite\n")
    with pytest.raises(ModelError, match="holds no path of a model"):
        read_default_model()
    set_default("digits")
    assert read_default_model() == "digits"

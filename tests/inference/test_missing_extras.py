"""Models whose library is not installed: one sentence with the pip line, before any work."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from batchdigits.config import Model
from batchdigits.errors import MissingExtraError, ModelError
from batchdigits.inference.importing import import_model as import_module
from batchdigits.inference.importing.import_model import import_model
from batchdigits.inference.registry import open_engine
from batchdigits.inference.runtimes import ONNX, open_runtime
from tests.conftest import ROOT

KERAS_LINE = r"Opening Keras models needs {}: pip install 'batchdigits\[train\]'\."
ONNX_LINE = r"Running ONNX models needs ONNX Runtime: pip install 'batchdigits\[onnx\]'\."


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where a temporary folder is made or a process is started."""

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("work has begun")

    monkeypatch.setattr(tempfile, "TemporaryDirectory", fail)
    monkeypatch.setattr(import_module, "run_module", fail)


@pytest.mark.parametrize(
    ("module", "library"),
    [("tensorflow", "TensorFlow"), ("tf_keras", "tf-keras"), ("h5py", "h5py")],
)
@pytest.mark.usefixtures("no_work")
def test_a_keras_file_needs_the_extra_train(
    module: str, library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99))
    shutil.copy(ROOT / "models" / "digits.keras", tmp_path / "b.keras")
    for name in ("a.h5", "b.keras"):
        with pytest.raises(MissingExtraError, match=KERAS_LINE.format(library)):
            open_engine(Model(str(tmp_path / name)))


@pytest.mark.usefixtures("no_work")
def test_a_saved_model_needs_tensorflow_once_it_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01")
    with pytest.raises(ModelError, match="--trust-model"):
        import_model(Model(str(tmp_path)))
    with pytest.raises(MissingExtraError, match="Opening SavedModels needs TensorFlow"):
        import_model(Model(str(tmp_path), trusted=True))


@pytest.mark.usefixtures("no_work")
def test_an_onnx_file_needs_the_extra_onnx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    graph = b"\x3a\x82\x01" + bytes(130)
    (tmp_path / "a.onnx").write_bytes(b"\x08\x08" + graph)
    with pytest.raises(MissingExtraError, match=ONNX_LINE):
        import_model(Model(str(tmp_path / "a.onnx")))
    with pytest.raises(MissingExtraError, match=ONNX_LINE):
        open_runtime(graph, is_onnx=True)


@pytest.mark.long
@pytest.mark.integration
def test_an_imported_keras_model_is_read_with_without_tensorflow(
    foreign_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(foreign_models / "classic.h5", tmp_path)
    model = Model(str(tmp_path / "classic.h5"))
    sha256 = open_engine(model).card.sha256
    for module in ("tensorflow", "tf_keras", "h5py"):
        monkeypatch.setitem(sys.modules, module, None)
    assert open_engine(model).card.sha256 == sha256


@pytest.mark.integration
def test_an_imported_onnx_model_still_needs_onnx_runtime(
    foreign_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(foreign_models / "torch.onnx", tmp_path)
    model = Model(str(tmp_path / "torch.onnx"))
    assert open_engine(model).card.fields["format"] == ONNX
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=ONNX_LINE):
        open_engine(model)


@pytest.mark.integration
def test_a_run_ends_with_code_9_and_makes_no_outbox(tmp_path: Path) -> None:
    shutil.copy(ROOT / "models" / "digits.keras", tmp_path / "mine.keras")
    code = (
        "import sys; sys.modules['tensorflow'] = None\n"
        f"sys.argv = ['batchdigits', 'run', {str(ROOT / 'inbox' / 'forms')!r}, 'out',"
        " '--model', 'mine.keras']\n"
        "from batchdigits.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 9, done.stderr
    assert "pip install 'batchdigits[train]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert os.listdir(tmp_path) == ["mine.keras"]

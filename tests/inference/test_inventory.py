"""Models by name: listed, shown, chosen and copied."""

import json
import os
import shutil
from pathlib import Path

import pytest

from batchdigits.config import InputRange, Model
from batchdigits.errors import UsageError
from batchdigits.inference.registry import open_engine
from tests.conftest import ROOT, Run

FORMS = ROOT / "inbox" / "forms"


def test_models_that_were_trained_here_take_no_input_options() -> None:
    with pytest.raises(UsageError, match="leave out --input-range"):
        open_engine(Model("", InputRange.UNIT))


@pytest.mark.integration
def test_models_are_listed_shown_chosen_and_copied(
    batchdigits: Run, foreign_models: Path, tmp_path: Path
) -> None:
    (tmp_path / "models").mkdir()
    for file in foreign_models.glob("float.tflite*"):
        shutil.copy(file, tmp_path / "models" / file.name.replace("float", "mine"))
    card = tmp_path / "models" / "mine.tflite.card.json"
    fields = json.loads(card.read_text()) | {"file": "mine.tflite", "name": "mine"}
    card.write_text(json.dumps(fields))

    def models(*words: str, code: int = 0) -> str:
        done = batchdigits("models", *words, cwd=tmp_path)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    listed = models()
    assert listed == models("list") and "mine" in listed and "99.61 %" in listed
    lines = map(json.loads, models("list", "--json").splitlines())
    files = {model["name"]: (model["file"], model["is_default"]) for model in lines}
    assert files["digits"][1] and all(file in listed for file, _ in files.values()), "nothing cut"
    shown = models("show", "mine")
    assert fields["source_sha256"] in shown and "ink white" in shown
    assert models("default").strip() == "digits"
    assert "no model nothing" in models("default", "nothing", code=4)
    models("default", "mine")
    done = batchdigits("predict", FORMS / "digit1.png", "--json", cwd=tmp_path)
    assert done.returncode == 0 and models("default").strip() == "mine"
    assert "mine.tflite.card.json" in models("export", "mine", "copies")
    assert "already" in models("export", "mine", "copies", code=2)
    elsewhere = batchdigits("models", "default", cwd=tmp_path.parent)
    assert elsewhere.stdout.strip() == str(tmp_path / "models" / "mine.tflite")
    models("default", "digits")
    assert sorted(os.listdir(tmp_path / "models")) == ["mine.tflite", "mine.tflite.card.json"]

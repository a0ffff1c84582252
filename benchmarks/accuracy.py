"""How well the shipped program reads: image files in, CSV out, against the true digits.

    python benchmarks/accuracy.py --mnist mnist.npz --scans scans/ [--write-card models/digits.json]

``--mnist`` takes the file that ``keras.datasets.mnist`` downloads, its test part is written as
10,000 PNG files; ``--scans`` the unpacked ``scans/`` folder of kensanata/numbers, of which the
three writers are read that the bundled model was never trained on.
"""

import argparse
import csv
import json
import math
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2

from batchdigits.training.data import labelled_files, load_npz

MEASURED_WRITERS = ("0002_*", "0011_*", "0020_*")
Truth = dict[str, int]


def write_mnist(npz: Path, inbox: Path) -> Truth:
    """Write MNIST's test part as PNG files; returns each name's true digit."""
    inbox.mkdir()
    data = load_npz(npz, "test")
    truth = {f"{number:05d}.png": int(digit) for number, digit in enumerate(data.digits)}
    for name, page in zip(truth, data.pages, strict=True):
        (inbox / name).write_bytes(cv2.imencode(".png", page)[1].tobytes())
    return truth


def copy_scans(scans: Path, inbox: Path) -> Truth:
    """Copy the measured writers' files as they are; returns each name's true digit."""
    truth = {}
    for path, digit in labelled_files(scans, MEASURED_WRITERS):
        name = path.relative_to(scans).as_posix()
        (inbox / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, inbox / name)
        truth[name] = digit
    return truth


def measure(inbox: Path, truth: Truth) -> dict[str, float]:
    """Read a folder with the program itself and compare its CSV with the truth."""
    outbox = inbox.with_name(inbox.name + "-out")
    command = [sys.executable, "-m", "batchdigits", "run", str(inbox), str(outbox), "--quiet"]
    done = subprocess.run(command, check=False)
    if done.returncode not in (0, 3):
        raise SystemExit(f"the run failed with exit code {done.returncode}")
    with (outbox / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    if {row["file"] for row in rows} != set(truth) or len(rows) != len(truth):
        raise SystemExit("the CSV does not hold exactly one row for every file")
    right = sum(row["digit"] == str(truth[row["file"]]) for row in rows)
    sure = [row for row in rows if row["status"] == "ok"]
    sure_right = sum(row["digit"] == str(truth[row["file"]]) for row in sure)
    low, high = wilson(right, len(rows))
    return {
        "files": len(rows),
        "accuracy": round(right / len(rows), 5),
        "low_95": round(low, 5),
        "high_95": round(high, 5),
        "reviewed": round(1 - len(sure) / len(rows), 5),
        "accuracy_without_review": round(sure_right / max(len(sure), 1), 5),
    }


def wilson(right: int, total: int) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson, JASA 22, 1927)."""
    z = 1.959964
    share, scale = right / total, 1 + z * z / total
    middle = (share + z * z / (2 * total)) / scale
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / scale
    return middle - half, middle + half


def main() -> None:
    """Measure what was named and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--mnist", type=Path, help="mnist.npz")
    parser.add_argument("--scans", type=Path, help="unpacked scans/ of kensanata/numbers")
    parser.add_argument("--write-card", type=Path, help="model card to write the figures into")
    chosen = parser.parse_args()
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        if chosen.mnist:
            inbox = Path(folder) / "mnist"
            found["MNIST test part"] = measure(inbox, write_mnist(chosen.mnist, inbox))
        if chosen.scans:
            inbox = Path(folder) / "scans"
            truth = copy_scans(chosen.scans, inbox)
            found["scans of writers 0002, 0011, 0020"] = measure(inbox, truth)
    show(found)
    if chosen.write_card:
        card = json.loads(chosen.write_card.read_text(encoding="utf-8"))
        card["accuracy"] = card.get("accuracy", {}) | found
        chosen.write_card.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def show(found: dict[str, dict[str, float]]) -> None:
    """Print one line a set."""
    heads = (
        f"{'files':>6} {'right':>8} {'95 % interval':>19} {'review':>7} {'right of the rest':>18}"
    )
    print(f"{'set':36} {heads}")
    for name, figures in found.items():
        interval = f"{figures['low_95']:.2%} - {figures['high_95']:.2%}"
        print(
            f"{name:36} {figures['files']:6} {figures['accuracy']:8.2%} {interval:>19}"
            f" {figures['reviewed']:7.2%} {figures['accuracy_without_review']:18.2%}"
        )


if __name__ == "__main__":
    main()

"""Which models the viewer shows."""

from pathlib import Path

from rnn_codec_lab.comparison.rows import Row
from rnn_codec_lab.comparison.statistics import Estimate
from rnn_codec_lab.report.models import best_first, find_models
from tests.model_folders import write_model


def test_entropy_coders_and_folders_without_weights_are_no_models(tmp_path: Path) -> None:
    write_model(tmp_path / "experiment" / "a", "progressive")
    (write_model(tmp_path / "b") / "weights.safetensors").unlink()
    assert find_models(tmp_path) == [tmp_path / "experiment" / "a"]
    assert find_models(tmp_path / "experiment" / "a") == [tmp_path / "experiment" / "a"]
    assert find_models(tmp_path / "nowhere") == []


def test_the_best_coder_of_a_record_decides_and_who_has_none_is_last(tmp_path: Path) -> None:
    def row(area: float, *records: str) -> Row:
        areas = {"ms_ssim": Estimate(area, None, 1), "psnr": Estimate(99.0, None, 1)}
        return Row("measured", "grid", "gru", areas=areas, records=records)

    rows = [row(1.7, "grid/a", "grid/b"), row(1.8, "grid/b/deep"), row(1.6, "grid/b"), row(1.9)]
    models = [tmp_path / name for name in ("none", "grid/a", "grid/b")]
    assert best_first(models, rows, tmp_path) == models[::-1]

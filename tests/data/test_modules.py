"""The data modules, as the configuration builds them and as Lightning uses them."""

import sys
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from torch import Tensor

from rnn_codec import configuration
from rnn_codec.data import DATA
from rnn_codec.data.crops import DeviceCropSampler, LateCrops
from rnn_codec.data.modules import FolderDataModule, HighEntropyDataModule
from rnn_codec.data.package_photographs import locate
from rnn_codec.data.split import centre_crop, spread
from rnn_codec.errors import UserError
from tests.data.pictures import noise, save

CONF = Path(__file__).parents[2] / "conf"


def build(*overrides: str) -> Any:
    """The module that the configuration describes."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(
            overrides=[f"++{o}" if "." in o.split("=")[0] else f"+{o}" for o in overrides]
        )
    return configuration.build(DATA, config.data)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNN_CODEC_CACHE", str(tmp_path / "cache"))


def folder(root: Path, **options: Any) -> FolderDataModule:
    common = {"crop_size": 32, "batch_size": 4, "cache_dir": str(root.parent / "cache")}
    common |= {"validation_crop": 170, "validation_images": 8}
    return FolderDataModule(
        **{"root": str(root), "validation_root": None, "holdout_every": 3} | common | options
    )


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Seven pictures of noise."""
    root = tmp_path / "photographs"
    for number in range(7):
        save(root / f"{number}.png", noise(165 + number, 200, number))
    return root


def occurs(crop: Tensor, picture: np.ndarray) -> bool:
    """Whether a crop of noise, mirrored or not, comes from a picture: by its first pixel row."""
    rows = [crop[:, 0], crop[:, 0].flip(-1)]
    return any(row.T.numpy().tobytes() in picture.tobytes() for row in rows)


class TestPhotos:
    def test_trains_validates_and_measures_without_data(self) -> None:
        data = build("data=photos")
        batch = next(iter(data.train_dataloader()))
        assert batch.shape == (32, 3, 32, 32)
        assert [image.shape for image in data.val_dataloader()] == [(1, 3, 256, 256)] * 3
        named = dict(data.evaluation_images())
        assert list(named) == ["chelsea.png", "coffee.png", "flower.jpg"]
        assert named["coffee.png"].shape == (400, 600, 3)
        assert data.evaluation_name == "photos"

    def test_packages_are_not_imported(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delitem(sys.modules, "skimage", raising=False)
        path = locate("skimage", "data/coffee.png")
        assert path.is_file()
        assert "skimage" not in sys.modules

    @pytest.mark.parametrize("where", [("no_such_package", "a.png"), ("sklearn", "no/such.png")])
    def test_missing_package_or_file_is_named(self, where: tuple[str, str]) -> None:
        with pytest.raises(UserError, match=f"{where[0]} has no {where[1]}.*data.root"):
            locate(*where)


class TestFolder:
    def test_configured(self, photographs: Path) -> None:
        data = build("data=folder", f"data.root={photographs}")
        assert next(iter(data.train_dataloader())).shape == (32, 3, 32, 32)
        assert data.evaluation_name == "photographs"

    def test_evaluation_images_are_all_pictures(self, photographs: Path) -> None:
        named = list(folder(photographs).evaluation_images())
        assert [name for name, _ in named] == [f"{number}.png" for number in range(7)]
        np.testing.assert_array_equal(named[3][1], noise(168, 200, 3))

    def test_unreadable_picture_is_an_error_when_measuring(self, photographs: Path) -> None:
        (photographs / "8.png").touch()
        with pytest.raises(UserError, match=r"8\.png cannot be read"):
            list(folder(photographs).evaluation_images())

    def test_every_third_picture_is_held_out_and_gives_no_crop(self, photographs: Path) -> None:
        data = folder(photographs, batch_size=200)
        assert data.split.validation.names == ("0.png", "3.png", "6.png")
        crops = next(iter(data.train_dataloader()))
        sources = [
            next(number for number in range(7) if occurs(crop, noise(165 + number, 200, number)))
            for crop in crops
        ]
        assert set(sources) == {1, 2, 4, 5}

    def test_validation_root_and_copies_of_it_give_no_crop(
        self, photographs: Path, tmp_path: Path
    ) -> None:
        save(photographs / "sub" / "copy.png", noise(170, 200, 99))
        save(tmp_path / "validation" / "a.png", noise(170, 200, 99))
        data = folder(photographs, validation_root=str(tmp_path / "validation"))
        assert data.split.validation.names == ("a.png",)
        assert data.split.training.names == tuple(f"{number}.png" for number in range(7))

    def test_small_pictures_are_left_out_with_a_warning(self, photographs: Path) -> None:
        save(photographs / "00.png", noise(31, 300))
        save(photographs / "000.png", noise(160, 300))
        data = folder(photographs)
        with pytest.warns(UserWarning, match=r"left out of training: 00\.png is 300×31, but sides"):
            assert data.split.training.names == ("000.png", "1.png", "2.png", "4.png", "5.png")
        assert data.split.validation.names == ("0.png", "3.png", "6.png")

    @pytest.mark.filterwarnings("ignore:left out")
    def test_nothing_left_is_an_error(self, photographs: Path, tmp_path: Path) -> None:
        with pytest.raises(UserError, match=r"left for training: .* 300 pixels"):
            _ = folder(photographs, crop_size=300).split
        save(tmp_path / "small" / "a.png", noise(100, 100))
        with pytest.raises(UserError, match=r"left for validation: .* 161 pixels"):
            _ = folder(tmp_path / "small").split
        save(tmp_path / "single" / "a.png", noise(200, 200))
        with pytest.raises(UserError, match=r"left for training: .*validation_root"):
            _ = folder(tmp_path / "single").split

    @pytest.mark.parametrize(
        ("option", "value"),
        [("batch_size", -1), ("validation_crop", 160), ("holdout_every", 1)],
    )
    def test_options_too_small_are_named(self, tmp_path: Path, option: str, value: int) -> None:
        words = rf"{option} cannot be {value}: it must be greater than or equal to"
        with pytest.raises(UserError, match=words):
            build("data=folder", f"data.root={tmp_path}", f"data.{option}={value}")

    def test_fingerprint_follows_the_pictures(self, photographs: Path) -> None:
        before = folder(photographs).digest
        assert folder(photographs).digest == before
        assert folder(photographs, holdout_every=4).digest != before
        save(photographs / "9.png", noise(165, 200, 9))
        assert folder(photographs).digest != before


class TestHighEntropy:
    def test_configured(self, photographs: Path) -> None:
        data = build("data=high_entropy", f"data.root={photographs}", "data.tiles_per_picture=5")
        assert isinstance(data, HighEntropyDataModule)
        data.prepare_data()
        tiles = data.sampler.choose(0)
        # One picture of seven is held out.
        assert tiles.images.heights.tolist() == 30 * [32]
        assert next(iter(data.train_dataloader())).shape == (32, 3, 32, 32)

    def test_a_share_of_the_batches_is_of_tiles(self, photographs: Path) -> None:
        data = build("data=high_entropy", f"data.root={photographs}", "data.share=0.25")
        sampler = data.sampler
        chosen = [sampler.choose(step) for step in range(2000)]
        assert chosen == [sampler.choose(step) for step in range(2000)]
        tiles = [crops for crops in chosen if set(crops.images.heights) == {32}]
        # Four standard deviations of a binomial count.
        assert len(tiles) == pytest.approx(500, abs=4 * 19.4)

    @pytest.mark.parametrize(("option", "value"), [("share", "0"), ("share", "2"), ("codec", "a")])
    def test_options_that_are_none_are_refused(
        self, option: str, value: str, photographs: Path
    ) -> None:
        with pytest.raises(UserError, match=f"{option} cannot be"):
            build("data=high_entropy", f"data.root={photographs}", f"data.{option}={value}")


class TestLateCrops:
    def test_crops_change_at_the_batch(self, photographs: Path) -> None:
        data = folder(photographs)
        data.draw_crops(0, LateCrops(lambda batch: batch >= 2, crop_size=40, batch_size=3))
        shapes = [batch.shape for batch in islice(data.train_dataloader(), 4)]
        assert shapes == [(4, 3, 32, 32)] * 2 + [(3, 3, 40, 40)] * 2

    def test_crops_on_the_device_are_the_same(self, photographs: Path) -> None:
        cut, on_device = folder(photographs), folder(photographs)
        for data, where in ((cut, False), (on_device, True)):
            data.trainer = SimpleNamespace(
                global_rank=1,
                world_size=2,
                global_step=5,
                accumulate_grad_batches=1,
                strategy=SimpleNamespace(root_device=torch.device("cpu")),
            )
            data.draw_crops(
                3, LateCrops(lambda batch: batch >= 7, crop_size=40, batch_size=3), where
            )
        assert isinstance(on_device.sampler.choose(0), DeviceCropSampler)
        batches = (islice(data.train_dataloader(), 4) for data in (cut, on_device))
        assert all(torch.equal(a, b) for a, b in zip(*batches, strict=True))

    def test_pictures_too_small_for_late_crops_do_not_change_the_run(
        self, photographs: Path
    ) -> None:
        data = folder(photographs)
        before = data.digest
        data.draw_crops(0, LateCrops(lambda _: True, crop_size=170, batch_size=1))
        with pytest.warns(UserWarning, match="left out of the late part"):
            assert next(iter(data.train_dataloader())).shape == (1, 3, 170, 170)
        assert data.digest == before


class TestValidation:
    def test_every_picture_counts_once_however_many_processes(self, photographs: Path) -> None:
        data = folder(photographs, holdout_every=2)
        whole = list(data.val_dataloader())
        assert len(whole) == 4
        shared = []
        for rank in range(3):
            data.trainer = SimpleNamespace(global_rank=rank, world_size=3)
            shared.append(list(data.val_dataloader()))
        assert [len(part) for part in shared] == [2, 1, 1]
        assert {t.numpy().tobytes() for part in shared for t in part} == {
            t.numpy().tobytes() for t in whole
        }

    def test_pictures_are_the_centres_and_at_most_so_many(self, photographs: Path) -> None:
        (image,) = folder(photographs, validation_images=1, holdout_every=7).val_dataloader()
        # Picture 0 is 165×200; at most 170 is kept of each side.
        expected = noise(165, 200, 0)[:, 15:185]
        np.testing.assert_array_equal(image[0].permute(1, 2, 0).numpy(), expected)

    def test_fewer_pictures_than_processes_is_an_error(self, photographs: Path) -> None:
        data = folder(photographs)
        data.trainer = SimpleNamespace(global_rank=0, world_size=4)
        with pytest.raises(UserError, match="3 validation pictures cannot be shared by 4"):
            data.val_dataloader()

    def test_centre_crop_leaves_equal_borders(self) -> None:
        picture = noise(10, 7)
        np.testing.assert_array_equal(centre_crop(picture, 4, 4), picture[3:7, 1:5])
        np.testing.assert_array_equal(centre_crop(picture, 20, 20), picture)
        np.testing.assert_array_equal(centre_crop(picture, 6, 20), picture[2:8])

    def test_spread_reaches_over_all(self) -> None:
        assert spread(100, 4) == [0, 25, 50, 75]
        assert spread(3, 3) == [0, 1, 2]

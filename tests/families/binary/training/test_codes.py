"""Codes of a frozen codec: coded once, read back whole, cut at random."""

from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnn_codec.data.modules import PhotosDataModule
from rnn_codec.errors import UserError
from rnn_codec.families.binary.codec import RecurrentCodec
from rnn_codec.families.binary.training import codes
from rnn_codec.families.binary.training.codes import (
    CodeSampler,
    CodesDataModule,
    read_codes,
    to_signs,
    write_codes,
)
from rnn_codec.families.binary.training.options import CoderOptions
from tests.conftest import make_codec


def make_bits(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((16, 32, height, width)) < 0.5


def data_module(folder: Path, codec: RecurrentCodec, **options: float) -> CodesDataModule:
    pictures = PhotosDataModule(32, 2, str(folder / "pictures"), 200, 1)
    defaults = {"longest_side": 64, "most_pictures": 2, "crop_size": 2, "batch_size": 3}
    defaults |= {"stops": 0.0, "max_steps": 1, "val_check_interval": 1}
    options = {**defaults, "cache_dir": str(folder / "codes"), **options}
    return CodesDataModule(codec, pictures, CoderOptions(**options), seed=0)


@given(arrays(np.bool_, st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 20))))
def test_bits_come_back(tmp_path_factory: pytest.TempPathFactory, bits: np.ndarray) -> None:
    path = tmp_path_factory.mktemp("codes") / "a.npy"
    write_codes(path, bits)
    assert np.array_equal(read_codes(path), bits)


def test_a_bit_takes_a_bit(tmp_path: Path) -> None:
    write_codes(tmp_path / "a.npy", make_bits(16, 24))
    assert (tmp_path / "a.npy").stat().st_size < 16 * 32 * 16 * 24 / 8 + 512


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    write_codes(path, make_bits(3, 4))
    path.write_bytes(path.read_bytes()[:-140])
    with pytest.raises(UserError, match=r"a\.npy is damaged"):
        read_codes(path)


def test_crops_are_parts_of_the_codes_and_every_place_is_drawn() -> None:
    bits = [make_bits(3, 4, 1), make_bits(2, 5, 2), make_bits(1, 9, 3)]
    sampler = CodeSampler(bits, crop_size=2, batch_size=64, stops=0.0, seed=0)
    places = {
        b[:, :, y : y + 2, x : x + 2].tobytes()
        for b in bits
        for y in range(b.shape[2] - 1)
        for x in range(b.shape[3] - 1)
    }
    drawn = next(batch for step in count() if len(batch := sampler.batch(step, 0, 1)) == 16)
    assert drawn.shape == (16, 64, 32, 2, 2)
    assert {(crop.numpy() > 0).tobytes() for crop in drawn.unbind(1)} == places
    assert len(places) == 2 * 3 + 4


def test_batches_have_the_first_iterations_of_any_number() -> None:
    bits = make_bits(2, 2)
    sampler = CodeSampler([bits], crop_size=2, batch_size=1, stops=0.0, seed=0)
    numbers = set()
    for step in range(200):
        batch = sampler.batch(step, 0, 1)
        numbers.add(len(batch))
        assert np.array_equal(batch[:, 0] > 0, bits[: len(batch)])
    assert numbers == set(range(1, 17))


def test_positions_that_have_stopped_are_0_from_there_on() -> None:
    bits = make_bits(4, 4)
    sampler = CodeSampler([bits], crop_size=4, batch_size=20, stops=1.0, seed=0)
    batch = next(batch for step in count() if len(batch := sampler.batch(step, 0, 1)) == 16)
    alive = batch[:, :, 0] != 0
    assert torch.equal(batch, to_signs(bits)[:, None] * alive.unsqueeze(2))
    assert not (alive[1:] & ~alive[:-1]).any()
    lasting = alive.sum(dim=0)
    assert lasting.min() == 0
    assert lasting.max() == 16
    assert 4 < lasting.float().mean() < 12


def test_a_share_of_the_crops_stops() -> None:
    sampler = CodeSampler([make_bits(4, 4)], crop_size=4, batch_size=400, stops=0.25, seed=0)
    batch = next(batch for step in count() if len(batch := sampler.batch(step, 0, 1)) == 16)
    whole = (batch != 0).all(dim=(0, 2, 3, 4)).float().mean()
    assert 0.7 < whole < 0.85


def test_processes_share_a_batch_that_depends_on_the_step_alone() -> None:
    sampler = CodeSampler([make_bits(6, 7)], crop_size=2, batch_size=2, stops=0.5, seed=0)
    alone = CodeSampler([make_bits(6, 7)], crop_size=2, batch_size=4, stops=0.5, seed=0)
    whole = alone.batch(5, 0, 1)
    parts = [sampler.batch(5, rank, 2) for rank in range(2)]
    assert torch.equal(torch.cat(parts, dim=1), whole)
    assert not torch.equal(sampler.batch(6, 0, 2), parts[0])


def test_crops_larger_than_every_picture_are_refused(tmp_path: Path) -> None:
    data = data_module(tmp_path, make_codec("gru", "one_shot"), longest_side=1600, crop_size=90)
    with pytest.raises(UserError, match=r"set coder\.crop_size lower"):
        data.check_sizes()


def test_codes_are_those_of_the_codec_and_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codec = make_codec("gru", "one_shot").eval()
    data = data_module(tmp_path, codec)
    data.prepare_data()
    batch = next(iter(data.train_dataloader()))
    assert batch.shape[1:] == (3, 32, 2, 2)
    assert set(batch.unique().tolist()) == {-1.0, 1.0}
    held_out = data.pictures.split.validation.image(0)
    middle = held_out[(held_out.shape[0] - 64) // 2 :, (held_out.shape[1] - 64) // 2 :][:64, :64]
    expected = codec.encode(torch.from_numpy(middle.copy()).permute(2, 0, 1)[None], 16).bits
    assert torch.equal(next(iter(data.val_dataloader())) > 0, expected)

    monkeypatch.setattr(codes, "code", lambda *_: pytest.fail("coded again"))
    again = data_module(tmp_path, codec)
    again.prepare_data()
    assert torch.equal(next(iter(again.train_dataloader())), batch)


def test_another_codec_has_other_codes(tmp_path: Path) -> None:
    one, other = (make_codec("gru", "one_shot", seed=seed).eval() for seed in (0, 1))
    data_module(tmp_path, one).prepare_data()
    data_module(tmp_path, other).prepare_data()
    assert len(list((tmp_path / "codes").iterdir())) == 4  # training and validation of each


def test_pictures_smaller_than_a_crop_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"coder\.longest_side=16 .* coder\.crop_size=2"):
        data_module(tmp_path, make_codec("gru", "one_shot"), longest_side=16)

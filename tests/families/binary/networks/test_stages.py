"""The stages against an independent computation with NumPy, and their effect on blocks."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rnn_codec.errors import UserError
from rnn_codec.families.binary.networks.stages import (
    LEAST_DEVIATION,
    Stages,
    klt_stages,
    model_stages,
)


def correlated_blocks(count: int, seed: int = 0) -> torch.Tensor:
    """Blocks whose values are running sums: neighbours are similar, as in photographs."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(count, 16, 16, 3)).cumsum(axis=1).cumsum(axis=2)
    return torch.from_numpy(0.05 * steps.reshape(count, 768)).float()


@pytest.fixture(scope="module")
def blocks() -> torch.Tensor:
    return correlated_blocks(800)


@pytest.fixture(scope="module")
def singular_vectors(blocks: torch.Tensor) -> NDArray[np.float64]:
    """The singular vectors of the blocks without their mean, as rows."""
    centred = blocks.double() - blocks.double().mean(dim=0)
    return np.linalg.svd(centred.numpy(), full_matrices=True)[2]


def expected(
    blocks: NDArray[np.float64], rows: NDArray[np.float64], iterations: int, groups: int
) -> list[dict[str, float]]:
    """The statistics of each bit in turn, by singular vectors and complete residual vectors."""
    residual, bits = blocks - blocks.mean(axis=0), []
    for _ in range(iterations * groups):
        coefficients = residual @ rows.T
        energies = (coefficients**2).mean(axis=0)
        for k in np.argsort(-energies)[: 32 // groups]:
            amplitude = np.abs(coefficients[:, k]).mean()
            residual -= amplitude * np.sign(coefficients[:, k])[:, None] * rows[k]
            bits.append({"deviation": energies[k] ** 0.5, "amplitude": amplitude, "k": k})
        bits[-1]["left"] = (residual**2).mean()
    return bits


@pytest.mark.parametrize("groups", [1, 4])
def test_stages_are_those_of_numpy(
    groups: int, blocks: torch.Tensor, singular_vectors: NDArray[np.float64]
) -> None:
    stages = klt_stages(blocks, iterations=3, groups=groups)
    bits = expected(blocks.numpy().astype(np.float64), singular_vectors, 3, groups)
    for name, values in (("deviation", stages.deviations), ("amplitude", stages.amplitudes)):
        wanted = np.array([bit[name] for bit in bits]).reshape(3, 32)
        np.testing.assert_allclose(values.numpy(), wanted, rtol=1e-4)
    np.testing.assert_allclose(stages.mean, blocks.mean(dim=0), atol=1e-6)
    lengths = stages.directions.norm(dim=-1)
    torch.testing.assert_close(lengths, torch.ones_like(lengths))


def test_groups_give_the_strongest_direction_several_bits(blocks: torch.Tensor) -> None:
    directions = klt_stages(blocks, 1, 4).directions[0]
    strongest = (directions @ directions[0]).abs() > 0.99
    assert [place // 8 for place in strongest.nonzero().flatten().tolist()] == [0, 1, 2, 3]


def test_the_sign_of_a_direction_is_fixed(blocks: torch.Tensor) -> None:
    stages = klt_stages(blocks, 2, 4)
    largest = stages.directions.gather(2, stages.directions.abs().argmax(2, keepdim=True))
    assert (largest > 0).all()


@pytest.mark.parametrize(
    "few",
    [torch.zeros(1, 768), torch.full((900, 768), 0.3), correlated_blocks(3)],
    ids=["one", "constant", "three"],
)
def test_too_few_or_constant_blocks_still_make_a_start(few: torch.Tensor) -> None:
    stages = klt_stages(few, iterations=24, groups=4)
    assert all(values.isfinite().all() for values in stages)
    assert (stages.deviations >= LEAST_DEVIATION).all()
    assert (stages.amplitudes >= LEAST_DEVIATION).all()


def test_no_blocks_are_refused() -> None:
    with pytest.raises(UserError, match="no blocks of 16×16 pixels"):
        klt_stages(torch.zeros(0, 768), 1, 1)


@pytest.mark.parametrize("groups", [0, 3, 64])
def test_groups_that_do_not_divide_the_bits_are_refused(groups: int) -> None:
    with pytest.raises(UserError, match=rf"network\.groups={groups} does not divide"):
        klt_stages(torch.zeros(1, 768), 1, groups)


def test_the_model_is_close_to_what_its_own_blocks_give() -> None:
    """Gaussian blocks of the model's covariance have the model's deviations."""
    stages = model_stages(4, 4)
    rng = np.random.default_rng(0)
    places = np.arange(16)
    along = np.linalg.cholesky(0.95 ** np.abs(places[:, None] - places))
    colours = np.linalg.cholesky(0.9 + 0.1 * np.eye(3))
    drawn = rng.normal(size=(4000, 16, 16, 3))
    pixels = 0.5 * np.einsum("ai,bj,ck,nijk->nabc", along, along, colours, drawn, optimize=True)
    found = klt_stages(torch.from_numpy(pixels.reshape(-1, 768)).float(), 4, 4)
    ratio = found.deviations / stages.deviations
    # After several signs the residual is not Gaussian: later stages only have a similar size.
    assert ((ratio[0, :8] > 0.95) & (ratio[0, :8] < 1.05)).all()
    assert 0.8 < ratio.median() < 1.25


def test_a_gain_multiplies_all_but_the_first_iteration() -> None:
    stages = model_stages(3, 4)
    scaled = stages.multiplied(2.0)
    assert isinstance(scaled, Stages)
    for before, after in (
        (stages.deviations, scaled.deviations),
        (stages.amplitudes, scaled.amplitudes),
    ):
        torch.testing.assert_close(after[0], before[0])
        torch.testing.assert_close(after[1:], 2 * before[1:])

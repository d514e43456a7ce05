"""Options are checked against the types of the arguments that they set."""

import shlex
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from rnn_codec.configuration import check_types, instantiate, options
from rnn_codec.errors import InvalidOptionError, UserError
from rnn_codec.training.options import TrainerOptions, TrainingOptions
from tests.conftest import ROOT

PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.floats(),
    st.text("ab1.-", max_size=4),
)


class Parent:
    def __init__(self, size: int, ratio: float) -> None:
        self.size, self.ratio = size, ratio


class Child(Parent):
    """Passes some arguments on to its parent."""

    def __init__(self, names: list[str] | None, pair: tuple[float, float], **common: Any) -> None:
        super().__init__(**common)
        self.names, self.pair = names, pair


class Named:
    def __init__(self, name: str | None) -> None:
        self.name = name


NODE = {"_target_": f"{__name__}.Child", "names": None, "pair": [1, 2.5], "size": 3, "ratio": 1}


def node(**changed: Any) -> Any:
    return OmegaConf.create({"part": {**NODE, **changed}}).part


def test_what_fits_is_built() -> None:
    built = instantiate(node(names=["a"]))
    assert (built.size, built.ratio, list(built.names), list(built.pair)) == (3, 1, ["a"], [1, 2.5])


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"size": "x"}, 'part.size cannot be "x": it must be a valid integer'),
        ({"size": True}, "part.size cannot be true: it must be a valid integer"),
        ({"names": "x"}, 'part.names cannot be "x": it must be a valid array'),
        ({"names": [1]}, "part.names cannot be [1]: it must be a valid string"),
        ({"pair": [1, 2, 3]}, "part.pair cannot be [1, 2, 3]"),
        ({"shape": 1}, "part.shape is not an option of Child"),
        ({"_target_": "nowhere.Codec"}, "there is no nowhere.Codec"),
        ({"_target_": "math.pi"}, "part._target_=math.pi is not callable"),
    ],
)
def test_what_does_not_fit_is_named(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidOptionError) as error:
        instantiate(node(**changed))
    assert str(error.value).startswith(sentence)


def test_a_name_that_is_a_number_is_to_be_quoted() -> None:
    config = OmegaConf.create({"data": {"_target_": f"{__name__}.Named", "name": 2024}})
    with pytest.raises(InvalidOptionError) as error:
        instantiate(config.data)
    (word,) = shlex.split(str(error.value).partition("write ")[2])
    assert OverridesParser.create().parse_override(word).value() == "2024"


def test_parts_inside_are_checked_as_well() -> None:
    inside = {"_target_": "torch.optim.AdamW", "_partial_": True, "lr": "fast"}
    with pytest.raises(InvalidOptionError, match=r'part\.names\.lr cannot be "fast"'):
        check_types(node(names=inside))


def refusal(function: Callable[..., object], *arguments: object) -> str | None:
    """The message with which a call is refused; None if it succeeds."""
    try:
        function(*arguments)
    except UserError as error:
        return str(error)
    return None


@given(name=st.sampled_from(["size", "ratio", "names", "pair"]), value=PLAIN)
def test_any_value_is_built_or_refused_in_one_line(name: str, value: object) -> None:
    said = refusal(instantiate, node(**{name: value}))
    fits = {"size": type(value) is int, "ratio": type(value) in {int, float}, "pair": False}
    assert (said is None) == fits.get(name, value is None)
    assert said is None or (said.startswith(f"part.{name} cannot be") and "\n" not in said)


TRAINER = {
    **{"channels_last": True, "compile": False, "compile_gates": False},
    **{"deferred_weight_gradients": False, "accelerator": "cpu", "devices": 1, "num_nodes": 1},
    **{"strategy": "auto", "precision": "32-true", "max_steps": 1, "max_time": None},
    **{"val_check_interval": 1, "log_every_n_steps": 1, "gradient_clip_val": None},
    **{"accumulate_grad_batches": 1, "broken_steps": 1},
    **{"crops_on_device": False, "progress_bar": False},
}
FLAGS = {name for name, value in TRAINER.items() if isinstance(value, bool)}


@given(name=st.sampled_from(list(TRAINER)), value=PLAIN)
def test_any_value_of_an_option_is_taken_or_refused(name: str, value: object) -> None:
    config = OmegaConf.create({"trainer": {**TRAINER, name: value}})
    said = refusal(options, TrainerOptions, config.trainer)
    assert said is None or f"trainer.{name} cannot be" in said
    assert said is not None or isinstance(value, bool) == (name in FLAGS)


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("trainer.max_steps", 0, "trainer.max_steps cannot be 0: it must be greater than or equal"),
        ("trainer.devices", "two", 'trainer.devices cannot be "two": it must be a valid integer'),
        ("trainer.gradient_clip_val", -1, "trainer.gradient_clip_val cannot be -1: it must be gre"),
        ("trainer.max_time", "1h", 'trainer.max_time cannot be "1h": it must be DD:HH:MM:SS, such'),
        ("trainer.max_time", "00:00:00:00", 'trainer.max_time cannot be "00:00:00:00": it must be'),
        ("averaging.decay", 1.5, "averaging.decay cannot be 1.5: it must be less than 1"),
        ("checkpoint.every_minutes", float("inf"), "checkpoint.every_minutes cannot be Infinity: "),
        (
            "export.dtype",
            "int8",
            "export.dtype cannot be \"int8\": it must be 'float32', 'float16'",
        ),
        ("seed", -1, "seed cannot be -1: it must be greater than or equal to 0"),
        ("averaging", {}, "averaging.decay cannot be null: it must be set"),
    ],
)
def test_options_out_of_range_are_named(option: str, value: object, sentence: str) -> None:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        config = compose("train")
    OmegaConf.set_struct(config, False)
    OmegaConf.update(config, option, value, merge=False)
    said = refusal(options, TrainingOptions, config)
    assert said is not None
    assert said.startswith(sentence)


def test_optimizers_of_torch_are_checked_by_their_own_types() -> None:
    adam = {"_target_": "torch.optim.Adam", "_partial_": True, "lr": 1, "betas": [0.9, 0.99]}
    build = instantiate(OmegaConf.create({"optimizer": adam}).optimizer)
    assert build([torch.zeros(1, requires_grad=True)]).param_groups[0]["lr"] == 1

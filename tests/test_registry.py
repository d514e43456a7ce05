"""The registry: names, and the parts that they stand for."""

from functools import partial

import pytest

from rnn_codec.cells.cell import CELLS
from rnn_codec.cells.gru import GRUCell
from rnn_codec.errors import UserError
from rnn_codec.registry import Registry


class Engine:
    def __init__(self, power: int) -> None:
        if power < 1:
            raise ValueError("an engine without power\nstands still")
        self.power = power


class Car:
    def __init__(self, engine: Engine, colour: str) -> None:
        self.engine, self.colour = engine, colour


@pytest.fixture
def cars() -> "Registry[type[Car]]":
    engines: Registry[type[Engine]] = Registry("engine", "rnn_codec.cells")
    engines.register("petrol")(Engine)
    made: Registry[type[Car]] = Registry("car", "rnn_codec.cells", {"engine": engines})
    made.register("small")(Car)
    return made


def test_parts_are_built_inside(cars: "Registry[type[Car]]") -> None:
    described = {"name": "small", "engine": {"name": "petrol", "power": 3}, "colour": "red"}
    car = cars.build(described)
    assert (car.engine.power, car.colour) == (3, "red")


@pytest.mark.parametrize(
    ("described", "sentence"),
    [
        ({"name": "large"}, "there is no car large: there are small"),
        ({"name": ["small"]}, "there is no car"),
        ({"colour": "red"}, "describes no car"),
        ("small", "describes no car"),
        ({"name": "small", "engine": "petrol"}, "describes no engine"),
        ({"name": "small", "engine": {"name": "small"}}, "there is no engine small"),
        ({"name": "small", "engine": {"name": "petrol", "power": 0}}, "an engine without power$"),
        ({"name": "small", "wheels": 4}, "wheels"),
    ],
)
def test_what_cannot_be_built(
    cars: "Registry[type[Car]]", described: object, sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        cars.build(described)


def test_a_name_is_given_once(cars: "Registry[type[Car]]") -> None:
    with pytest.raises(ValueError, match="the car small is already registered"):
        cars.register("small")(type("Other", (Car,), {}))
    assert cars.register("small")(Car) is Car


def test_what_is_deferred_waits_for_the_rest() -> None:
    build = CELLS.build({"name": "gru"})
    assert isinstance(build, partial)
    assert isinstance(build(3, 8, kernel=3, stride=2, hidden_kernel=1), GRUCell)


def test_the_modules_of_the_package_are_found_without_being_imported_before() -> None:
    assert CELLS.names() == ["associative_lstm", "gru", "lstm", "residual_gru"]

"""A part of a training: what its steps unroll and minimise."""

from dataclasses import dataclass

from rnn_codec.errors import UserError
from rnn_codec.training.loss import Loss


@dataclass(frozen=True)
class Phase:
    """The steps from `first_step` on, until another phase begins.

    Attributes:
        first_step: number of its first step.
        fewest_iterations: of a step.
        most_iterations: of a step; each draws a number between the two.
        loss: what is minimised.

    Raises:
        UserError: there cannot be so many iterations.
    """

    first_step: int
    fewest_iterations: int
    most_iterations: int
    loss: Loss

    def __post_init__(self) -> None:
        """Refuse numbers of iterations that no step can have."""
        if self.fewest_iterations < 1:
            raise UserError(f"min_iterations={self.fewest_iterations} is less than 1")
        if self.fewest_iterations > self.most_iterations:
            raise UserError(
                f"min_iterations={self.fewest_iterations} is more than "
                f"max_iterations={self.most_iterations}"
            )

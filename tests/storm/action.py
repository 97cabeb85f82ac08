"""What every kind of action is made of."""

import random
from typing import ClassVar

from tests.storm.model import Model
from tests.storm.plan import Parameters
from tests.storm.world import World


class Action:
    """A kind of action; only `do` is needed where it has no parameters, changes no model and promises nothing."""

    name: ClassVar[str]
    weight: ClassVar[int] = 1
    # Whether all has to have recovered from what was done before.
    needs_flow: ClassVar[bool] = False

    def draw(self, chance: random.Random, model: Model) -> Parameters:  # noqa: ARG002
        """Choose the parameters; they are possible on this model."""
        return {}

    def is_possible(self, model: Model, parameters: Parameters) -> bool:  # noqa: ARG002
        """Tell whether it would change what it is there to change."""
        return True

    def happens(self, model: Model, parameters: Parameters) -> None:
        """Change the model as the action changes the pipeline."""

    def do(self, world: World, parameters: Parameters) -> str:
        """Do it, put back what is broken from outside, and return in words what shows that it took effect."""
        raise NotImplementedError

    def carry_out(self, world: World, parameters: Parameters) -> str:
        """Do it as soon as it may be done; the recovery from it is still to come. Return what `do` does."""
        if self.needs_flow:
            world.trial.wait_flowing()
        proof = self.do(world, parameters)
        self.happens(world.model, parameters)
        world.trial.repaired()
        return proof

    def check(self, world: World, parameters: Parameters) -> None:
        """Assert what must be true of it once readings flow again."""

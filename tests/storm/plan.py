"""The list of actions: drawn from a seed before anything is done, so that the same seed gives the same list. Pure."""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar, Protocol

from tests.storm.model import Model

Value = int | str | bool
Parameters = Mapping[str, Value]

ACTIONS_PER_MINUTE = 5
EACH_AT_LEAST = 3
# So often the next action begins before all has recovered from the last one.
_RUSH_SHARE = 0.3


class Drawable(Protocol):
    """What the plan has to know of a kind of action. `weight` is how often it comes beyond its share."""

    name: ClassVar[str]
    weight: ClassVar[int]

    def draw(self, chance: random.Random, model: Model) -> Parameters:
        """Choose the parameters; they are possible on this model."""
        ...

    def is_possible(self, model: Model, parameters: Parameters) -> bool:
        """Tell whether it would change what it is there to change."""
        ...

    def happens(self, model: Model, parameters: Parameters) -> None:
        """Change the model as the action changes the pipeline."""
        ...


@dataclass(frozen=True)
class Step:
    """One action; `is_awaited` is whether all has to have recovered before the next one begins."""

    number: int
    kind: str
    parameters: Parameters
    is_awaited: bool = True


def draw(seed: int, minutes: float, kinds: Mapping[str, Drawable]) -> list[Step]:
    """Draw so many minutes' actions: each kind at least three times where there is room for that."""
    chance = random.Random(seed)
    count = max(1, round(minutes * ACTIONS_PER_MINUTE))
    names = sorted(kinds)
    # One round after the other, so that a short list has as many kinds as it can.
    drawn = [name for _ in range(EACH_AT_LEAST) for name in chance.sample(names, len(names))][:count]
    weights = [kinds[name].weight for name in names]
    drawn += chance.choices(names, weights, k=count - len(drawn))
    chance.shuffle(drawn)
    model, steps = Model(), []
    for number, name in enumerate(drawn, start=1):
        parameters = kinds[name].draw(chance, model)
        kinds[name].happens(model, parameters)
        is_awaited = number == count or chance.random() >= _RUSH_SHARE
        steps.append(Step(number, name, parameters, is_awaited))
    return steps


def playable(steps: Iterable[Step], kinds: Mapping[str, Drawable]) -> list[Step]:
    """Leave out what is not possible any more since others were left out; the last one that stays is awaited."""
    model, kept = Model(), list[Step]()
    for step in steps:
        kind = kinds[step.kind]
        if kind.is_possible(model, step.parameters):
            kind.happens(model, step.parameters)
            kept.append(step)
    if kept:
        last = kept[-1]
        kept[-1] = Step(last.number, last.kind, last.parameters)
    return kept


def to_text(steps: Sequence[Step]) -> str:
    """Write a list as a file that a person can read and shorten, an action a line."""
    return "".join(json.dumps(asdict(step)) + "\n" for step in steps)


def from_text(text: str) -> list[Step]:
    """Read what `to_text` wrote."""
    return [Step(**json.loads(line)) for line in text.splitlines() if line.strip()]

"""What has to become of stored alarms so that they are what the readings say. Pure decisions."""

from collections.abc import Callable, Iterable, Sequence

from include.episodes.episodes import FOREVER, Episode
from include.episodes.rules_in_force import EVER
from include.episodes.types import Change, State, Stored, Transition


def reconcile(
    stored: Iterable[Stored],
    episodes: Iterable[Episode],
    *,
    known_from_us: int = EVER,
    kept_from_us: int = EVER,
) -> list[Change]:
    """Return the changes that make one customer's stored alarms equal to `episodes`; none if they are already.

    An alarm goes on as the episode with its onset, else as one of the same rule that it overlaps. What began before
    the readings that are known, since retention dropped them, is left as it is; and of what was over before
    `kept_from_us` no alarm begins: retention has deleted it.
    """
    stored, wanted = list(stored), list(episodes)
    kept = [each for each in stored if each.episode.onset_us < known_from_us]
    wanted = [each for each in wanted if not any(_overlap(each, old.episode) for old in kept)]
    stored = [each for each in stored if each.episode.onset_us >= known_from_us]
    pairs, stored, wanted = _pair(stored, wanted, lambda one, two: _key(one) == _key(two))
    more, stored, wanted = _pair(stored, wanted, _overlap)
    changes = [
        Change(each.alarm_id, each.episode, State.RETRACTED, (Transition.RETRACTED,)) for each in stored
    ]
    changes += [_change(old, new) for old, new in (*pairs, *more) if old.episode != new]
    changes += [_begin(each) for each in wanted if each.cleared_us is None or each.cleared_us >= kept_from_us]
    return changes


def _pair(
    stored: Sequence[Stored], wanted: Sequence[Episode], fits: Callable[[Episode, Episode], bool]
) -> tuple[list[tuple[Stored, Episode]], list[Stored], list[Episode]]:
    """Return what fits together, and what is left on either side."""
    pairs: list[tuple[Stored, Episode]] = []
    left = sorted(stored, key=lambda each: each.episode.onset_us)
    unmatched = []
    for episode in sorted(wanted, key=lambda each: each.onset_us):
        match = next((each for each in left if fits(each.episode, episode)), None)
        if match is None:
            unmatched.append(episode)
        else:
            left.remove(match)
            pairs.append((match, episode))
    return pairs, left, unmatched


def _begin(episode: Episode) -> Change:
    if episode.cleared_us is None:
        return Change(None, episode, State.OPEN, (Transition.OPENED,))
    return Change(None, episode, State.CLEARED, (Transition.OPENED, Transition.CLEARED))


def _change(old: Stored, new: Episode) -> Change:
    was, transitions = old.episode, []
    is_cleared_anew = was.cleared_us is not None and new.cleared_us not in (None, was.cleared_us)
    if was.onset_us != new.onset_us or was.severity != new.severity or is_cleared_anew:
        transitions.append(Transition.REVISED)
    if was.cleared_us is None and new.cleared_us is not None:
        transitions.append(Transition.CLEARED)
    if was.cleared_us is not None and new.cleared_us is None:
        transitions.append(Transition.REOPENED)
    state = State.OPEN if new.cleared_us is None else State.CLEARED
    return Change(old.alarm_id, new, state, tuple(transitions))


def _key(episode: Episode) -> tuple[str, int]:
    return episode.rule, episode.onset_us


def _overlap(one: Episode, two: Episode) -> bool:
    ends = [FOREVER if each.cleared_us is None else each.cleared_us for each in (one, two)]
    return one.rule == two.rule and one.onset_us <= ends[1] and two.onset_us <= ends[0]

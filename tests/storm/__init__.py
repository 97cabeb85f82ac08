"""The storm: random faults and commands, drawn from a seed, under steady traffic, held against a model.

`plan.py` draws the list of actions and `shrink.py` makes a short one of a list that fails: both are pure. `kinds/` has
what can be done, one class each; `run.py` does it; `checks.py` says what must be true whatever was done.
"""

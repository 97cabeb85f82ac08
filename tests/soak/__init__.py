"""The soak: an hour of traffic with a fault every few minutes, and millions of records with kills at random instants.

`schedule.py`, `verdict.py`, `numbered.py`, `tally.py` and `picture.py` are pure: what is done when, what the samples
come to, which records are sent, what must become of them, and how it looks. `hour.py` and `kills.py` do it,
`observer.py` takes the samples; `notes.py` keeps all of it in a file of JSON lines, as it happens.
"""

"""The stream from outside and from above: launch, lease, offsets, lag, watch, and how it is asked to stop."""

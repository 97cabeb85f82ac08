"""The thread beside a launch of the stream that shows it to be alive, and knows when it has to end."""

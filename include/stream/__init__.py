"""Starting and stopping the stream from outside: how it is submitted, and how it is asked to stop."""

"""What people outside are told, each transition under its key, until it was taken."""

"""What people outside are told: that something has begun to fail, and that it is over, each once."""

"""What has begun to fail, and that it is over: each noted once, for people outside to be told."""

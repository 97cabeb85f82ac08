"""The deployment as it is written down: docker-compose.yml and Dockerfile, read as Docker reads them."""

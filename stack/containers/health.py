"""Tell whether one of Airflow's processes is well, as the api-server sees it; for the health checks of compose.

python -m stack.containers.health metadatabase | scheduler | dag_processor | triggerer
"""

import sys

import httpx

from include.settings import get_settings
from include.surroundings import settle_in
from stack.containers.configuration import API_SERVER, api_server_url
from stack.http import ask

TIMEOUT_SECONDS = 5.0


def check(name: str, api_server: str) -> int:
    """Say how the part is; return 0 if it is well, else 1."""
    address = f"{api_server}/api/v2/monitor/health"
    try:
        answer = ask("GET", address, timeout_seconds=TIMEOUT_SECONDS).raise_for_status()
        status = answer.json()[name]["status"]
    except (httpx.HTTPError, ValueError, KeyError) as error:
        status = f"unknown: {address} gave {type(error).__name__}"
    sys.stdout.write(f"{name} is {status}\n")
    return 0 if status == "healthy" else 1


if __name__ == "__main__":
    settle_in(API_SERVER)
    sys.exit(check(sys.argv[1], api_server_url(get_settings())))

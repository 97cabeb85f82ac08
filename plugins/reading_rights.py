"""Who may read what this product adds to Airflow's pages: whoever may read the workflow that the figures come from.

Airflow does not guard a plugin's own application, and any account can log in. Its roles Viewer, User, Op and Admin read
every workflow, Public none; a role of one's own may be given single ones.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, HTTPException

User = Annotated[BaseUser, Depends(get_user)]

# Where users stand in a database it is asked, and not by a thread that answers Airflow's own requests.
_asking = ThreadPoolExecutor(2, thread_name_prefix="heartbeat-rights")


async def has_right(user: BaseUser, right: Mapping[str, Any]) -> bool:
    """Tell whether Airflow gives a user a right on a workflow."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(
        _asking, lambda: bool(get_auth_manager().is_authorized_dag(user=user, **right))
    )


async def refusal(user: BaseUser, workflow: str) -> str | None:
    """Return why a user is not shown what comes from a workflow; None where he may read it."""
    if await has_right(user, {"method": "GET", "details": DagDetails(id=workflow)}):
        return None
    return f"your role in Airflow does not let you read this: it needs the right to read {workflow}"


def for_readers_of(workflow: str) -> Any:
    """Return the dependency of a route that answers nobody but those who may read a workflow."""

    async def who_reads(user: User) -> None:
        if (why := await refusal(user, workflow)) is not None:
            raise HTTPException(403, why)

    return Depends(who_reads)

"""The task that is one launch of the stream: spark-submit, whose environment holds the stream's login and no other."""

from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import Context


class RunStream(SparkSubmitOperator):
    """Submit the job with an environment of its own.

    It is made when the task runs: what stands in an argument is rendered, stored and shown in the page.
    """

    def execute(self, context: Context) -> Any:
        """Run the launch to its end."""
        from dags.connections import stream_settings
        from include.stream.submit import driver_environment

        self.env_vars = driver_environment(stream_settings())
        return super().execute(context)

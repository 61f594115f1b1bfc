"""What a worker answers when it is asked how it is; imported by workers alone."""

import time

from celery.worker.control import inspect_command
from celery.worker.state import active_requests


@inspect_command()
def etem_state(state):
    """Its queues, processes and what each is busy with."""
    pool = getattr(state.consumer.pool, "_pool", None)
    return {
        "queues": [queue.name for queue in state.consumer.task_consumer.queues],
        "processes": len(getattr(pool, "_pool", [])) or 1,
        "tasks": [
            {
                "name": request.name,
                "run": request.args[0] if request.name == "mlcore.tasks.run_task" and request.args else None,
                "pid": request.worker_pid,
                "seconds": time.monotonic() - request.time_start if request.time_start else 0,
            }
            for request in active_requests
        ],
    }

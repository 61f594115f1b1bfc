"""The worker's side of a run: take it, do its work, and write how it ended, whatever happens meanwhile.

How to add a kind of run: a module in `services/work/` with `work(run, beat)`, named in WORK. It returns a
sentence for people (empty if there is nothing to say), raises a ValueError with one where it cannot be done,
calls `beat()` as often as it likes and lets through what that raises. Its worker may die at any moment; the
work is then begun again with the same row, and finds done what is done. Where memory is short, the module's
`with_less_memory(run)`, if there is one, tells a sentence and the settings that will fit.
"""

import importlib
import logging
import time
import traceback

from django.conf import settings

from mlcore.models import WORKED_ON, Run
from mlcore.services.beat import Beat, RunCancelled, RunHandedOn, RunPaused
from mlcore.services.chunks import n_open
from mlcore.services.fair import in_turn
from mlcore.services.fresh import run_in_fresh_process
from mlcore.services.lease import lease
from mlcore.services.memory import is_out_of_memory, what_would_fit
from mlcore.services.queues import queue_of
from mlcore.services.runs import cancelled_sentence, end, end_if_running, stop_working, summary
from mlcore.services.work.infer import is_somebody_waiting, search_next
from mlcore.tasks import send

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
TURN_S = 0.2  # of searching for one message: shorter chunks share the cost of it
# Imported when needed: a worker that searches images loads nothing of the trainings.
WORK = {
    Run.Kind.TRAIN_DETECTOR: "mlcore.services.work.train_detector:work",
    Run.Kind.TRAIN_FEATURENET: "mlcore.services.work.train_featurenet:work",
    Run.Kind.TRAIN_GAN: "mlcore.services.work.train_gan:work",
    Run.Kind.SYNTHESISE: "mlcore.services.work.synthesise:work",
    Run.Kind.EVALUATE: "mlcore.services.work.evaluate:work",
    Run.Kind.BENCHMARK: "mlcore.services.work.evaluate:work",
    Run.Kind.COMPARE: "mlcore.services.work.compare:work",
}


def execute_message(*, run_pk, dispatch):
    """Do one turn of work: of the message's run, or of one that has waited longer.

    Nothing if the run was queued anew since. Searches take turns chunk by chunk; other work is done whole, in
    a process of its own, which gives all memory back at its end.
    """
    run = Run.objects.filter(pk=run_pk, dispatch=dispatch, status__in=WORKED_ON).first()
    if run is None:
        return
    if run.kind == Run.Kind.INFER:
        until = time.monotonic() + TURN_S
        while any(_search(pk) for pk in in_turn(run)) and time.monotonic() < until:
            if is_somebody_waiting():
                break
        # As it was: handed on, resumed or tried again it has messages of its own already.
        if Run.objects.filter(pk=run_pk, dispatch=dispatch, status=Run.Status.RUNNING).exists() and n_open(
            run_pk
        ):
            send(run_pk, dispatch, queue_of(run))
    elif run.status == Run.Status.RUNNING:  # its worker was lost
        run_in_fresh_process(run_pk)
    else:
        any(run_in_fresh_process(pk) for pk in in_turn(run))


def execute_run(*, run_pk):
    """Work on a run to its end, or on with one whose worker died; whether it was there to be taken."""
    kind = Run.objects.values_list("kind", flat=True).filter(pk=run_pk).first()
    if kind == Run.Kind.INFER:
        is_taken = False
        while _search(run_pk):
            is_taken = True
        return is_taken
    with lease(run_pk) as is_ours:
        run = Run.objects.claim(run_pk) if is_ours else None
        if run is None:
            return False
        _execute(run)
        return True


def _search(run_pk):
    """One chunk of a search, and the run's end where that was the last or went wrong."""
    try:
        return search_next(run_pk)
    except RunHandedOn:
        return True
    except RunPaused:
        end_if_running(Run(pk=run_pk), Run.Status.PAUSED)
    except RunCancelled:
        run = Run.objects.get(pk=run_pk)
        if run.cancel_requested:
            end_if_running(run, Run.Status.CANCELLED, cancelled_sentence(run))
    except ValueError as error:
        end_if_running(Run(pk=run_pk), Run.Status.FAILED, str(error), traceback.format_exc())
    except Exception as error:
        if is_out_of_memory(error):
            return _fail_for_memory(run_pk)
        logger.exception("Run %s failed.", run_pk)
        sentence = f"Internal error, run {run_pk}; please tell the operator."
        end_if_running(Run(pk=run_pk), Run.Status.FAILED, sentence, traceback.format_exc())
        raise
    return False


def _fail_for_memory(run_pk):
    sentence = "The worker ran out of memory while it loaded the engine; please tell the operator."
    end_if_running(Run(pk=run_pk), Run.Status.FAILED, sentence, traceback.format_exc())
    return False


def _execute(run):
    path, _, name = WORK[run.kind].partition(":")
    try:
        module = importlib.import_module(path)
    except ImportError:
        logger.exception("Run %s cannot begin.", run.pk)
        sentence = f"This worker cannot do “{run.get_kind_display()}”; please tell the operator."
        return end(run, Run.Status.FAILED, sentence, traceback.format_exc())
    if run.attempts - run.attempts_excused > MAX_ATTEMPTS:
        sentence, run.offer = what_would_fit(run, module)
        why = f", most likely for want of memory. {sentence}" if sentence else "; please tell the operator."
        return end(run, Run.Status.FAILED, f"The worker was lost {MAX_ATTEMPTS} times in this run{why}")
    return _do(run, module, getattr(module, name))


def _do(run, module, work):
    beat = Beat(run, until=time.monotonic() + 0.9 * settings.TASK_LIMIT_S, summary=summary)
    try:
        end(run, Run.Status.SUCCEEDED, work(run, beat) or "")
    except RunCancelled:
        end(run, Run.Status.CANCELLED, cancelled_sentence(run))
    except RunPaused:
        stop_working(run)
    except ValueError as error:
        end(run, Run.Status.FAILED, str(error), traceback.format_exc())
    except Exception as error:
        if is_out_of_memory(error):
            sentence, run.offer = what_would_fit(run, module)
            sentence = f"The worker ran out of memory. {sentence or 'Please tell the operator.'}"
            return end(run, Run.Status.FAILED, sentence, traceback.format_exc())
        logger.exception("Run %s failed.", run.pk)
        end(run, Run.Status.FAILED, f"Internal error, run {run.pk}; please tell the operator.",
            traceback.format_exc())  # fmt: skip
        raise

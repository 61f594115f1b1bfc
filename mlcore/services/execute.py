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
from mlcore.services.lease import lease
from mlcore.services.runs import cancelled_sentence, end, hand_on, set_paused, summary

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
# Imported when needed: a worker that searches images loads nothing of the trainings.
WORK = {
    Run.Kind.INFER: "mlcore.services.work.infer:work",
    Run.Kind.TRAIN_DETECTOR: "mlcore.services.work.train_detector:work",
    Run.Kind.TRAIN_FEATURENET: "mlcore.services.work.train_featurenet:work",
    Run.Kind.TRAIN_GAN: "mlcore.services.work.train_gan:work",
    Run.Kind.SYNTHESISE: "mlcore.services.work.synthesise:work",
    Run.Kind.EVALUATE: "mlcore.services.work.evaluate:work",
    Run.Kind.BENCHMARK: "mlcore.services.work.evaluate:work",
    Run.Kind.COMPARE: "mlcore.services.work.compare:work",
}


def execute_message(*, run_pk, dispatch):
    """Do what a message asks for; nothing if the run was queued anew since."""
    if Run.objects.filter(pk=run_pk, dispatch=dispatch, status__in=WORKED_ON).exists():
        execute_run(run_pk=run_pk)


def execute_run(*, run_pk):
    """Work on a queued run, or on with one whose worker died; nothing if a living worker has it."""
    with lease(run_pk) as is_ours:
        run = Run.objects.claim(run_pk) if is_ours else None
        if run is None:
            return
        module, _, name = WORK[run.kind].partition(":")
        try:
            module = importlib.import_module(module)
        except ImportError:
            logger.exception("Run %s cannot begin.", run.pk)
            sentence = f"This worker cannot do “{run.get_kind_display()}”; please tell the operator."
            return end(run, Run.Status.FAILED, sentence, traceback.format_exc())
        if run.attempts - run.attempts_excused > MAX_ATTEMPTS:
            sentence, run.offer = _of_memory(run, module)
            why = (
                f", most likely for want of memory. {sentence}" if sentence else "; please tell the operator."
            )
            return end(run, Run.Status.FAILED, f"The worker was lost {MAX_ATTEMPTS} times in this run{why}")
        _do(run, module, getattr(module, name))


def _do(run, module, work):
    beat = Beat(run, until=time.monotonic() + 0.9 * settings.TASK_LIMIT_S, summary=summary)
    try:
        end(run, Run.Status.SUCCEEDED, work(run, beat) or "")
    except RunCancelled:
        end(run, Run.Status.CANCELLED, cancelled_sentence(run))
    except RunHandedOn:
        hand_on(run)
    except RunPaused:
        set_paused(run)
    except ValueError as error:
        end(run, Run.Status.FAILED, str(error), traceback.format_exc())
    except Exception as error:
        if is_out_of_memory(error):
            sentence, run.offer = _of_memory(run, module)
            sentence = f"The worker ran out of memory. {sentence or 'Please tell the operator.'}"
            return end(run, Run.Status.FAILED, sentence, traceback.format_exc())
        logger.exception("Run %s failed.", run.pk)
        end(run, Run.Status.FAILED, f"Internal error, run {run.pk}; please tell the operator.",
            traceback.format_exc())  # fmt: skip
        raise


def is_out_of_memory(error):
    """Whether it says so, NumPy, Python, torch's processor or its GPU; torch is not imported to know."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and "allocate memory" in str(error)


def _of_memory(run, module):
    """What would fit, in a sentence and as settings, if the kind can tell."""
    advise = getattr(module, "with_less_memory", None)
    if advise is None:
        return "", {}
    try:
        return advise(run)
    except Exception:
        logger.exception("No advice for run %s.", run.pk)
        return "", {}

from mlcore.models import Prediction, Run


def make_run(project, **over):
    return Run.objects.create(**{"project": project, "engine": "classical", **over})


def make_prediction(run, frame, layer, **over):
    return Prediction.objects.create(
        **{"run": run, "frame": frame, "layer": layer, "engine_version": "1", "seconds": 0.1, **over}
    )

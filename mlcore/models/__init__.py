from mlcore.models.chunk import RunChunk
from mlcore.models.compared import ComparedFrame
from mlcore.models.dataset import Dataset, DatasetFrame
from mlcore.models.model_version import Evaluation, ModelVersion, Promotion
from mlcore.models.prediction import Prediction
from mlcore.models.progress import RunLine, RunPoint, RunSample
from mlcore.models.run import ACTIVE, WORKED_ON, Run

__all__ = [
    "ACTIVE",
    "WORKED_ON",
    "ComparedFrame",
    "Dataset",
    "DatasetFrame",
    "Evaluation",
    "ModelVersion",
    "Prediction",
    "Promotion",
    "Run",
    "RunChunk",
    "RunLine",
    "RunPoint",
    "RunSample",
]

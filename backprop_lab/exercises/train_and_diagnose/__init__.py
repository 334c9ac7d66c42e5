"""The exercises of notebook 8: train a network, economise, and diagnose by evidence."""

from .checkpointed import CHECKPOINTED
from .diagnosis import DIAGNOSIS
from .gradient_norms import GRADIENT_NORMS
from .mend_depth import MEND_DEPTH
from .my_op import MY_OP
from .stable_loss import STABLE_LOSS
from .train_step import TRAIN_STEP

EXERCISES = (
    TRAIN_STEP, GRADIENT_NORMS, MEND_DEPTH, CHECKPOINTED, STABLE_LOSS, DIAGNOSIS, MY_OP,
)  # fmt: skip

"""Exercise `diagnosis`: six runs that fail, the cause of each, and the experiment to prove it."""

from ..exercise import Exercise, Hint, Misconception, as_it_is
from ..probing import blank
from .experiments import EXPERIMENTS, finding, fits
from .ward import DISEASES, PATIENTS

HOW_WELL = ("a tenth of the rate", "five times the steps", "accuracy")


def diagnosis_cases(seed):
    return [{"patients": list(PATIENTS)}]


def judge_diagnosis(case, output):
    if not isinstance(output, dict) or "__type__" in output:
        return ["`diagnosis` has to be a dictionary, from a letter to a pair."] * DIAGNOSIS.parts
    return [text for patient in case["patients"] if (text := complain(patient, output))]


def complain(patient, output):
    pair = output.get(patient)
    if blank(pair) or (isinstance(pair, list) and any(map(blank, pair))):
        return f"{patient}: still blank."
    if not isinstance(pair, list) or len(pair) != 2:
        return f"{patient}: a pair is asked for, (disease, experiment)."
    disease, experiment = pair
    for said, known, what in (
        (disease, DISEASES, "disease"),
        (experiment, EXPERIMENTS, "experiment"),
    ):
        if not isinstance(said, str) or said not in known:
            return f"{patient}: the list has no {what} {str(said)[:40]!r}."
    truth = PATIENTS[patient]
    (word, sentence), (other, expected) = (finding(x, experiment) for x in (truth, disease))
    if word is None:
        return (
            f"{patient}: “{experiment}” says how well it goes, and not why. Any of these "
            "diseases, or none, may answer that."
        )
    if word != other:
        return (
            f"{patient}: the experiment says: {sentence} With “{disease}” it would say: {expected}"
        )
    if disease != truth or len(fits(truth, experiment)) > 1:
        return (
            f"{patient}: “{experiment}” says: {sentence} That fits “{disease}”, and "
            f"{len(fits(truth, experiment)) - 1} others of the list as well."
        )
    return None


def chosen(reports):
    """{patient: (disease, experiment)} of all that is filled in with words of the lists."""
    output = reports[0]["returned"]
    return {
        patient: tuple(pair)
        for patient, pair in output.items()
        if patient in PATIENTS and isinstance(pair, list) and len(pair) == 2
        and pair[0] in DISEASES and pair[1] in EXPERIMENTS
    }  # fmt: skip


def any_pair(pattern):
    """Whether some pair that is refused shows a pattern (truth, disease, experiment) -> bool."""

    def looks_like(cases, reports):
        return any(
            complain(patient, {patient: list(pair)}) and pattern(PATIENTS[patient], *pair)
            for patient, pair in chosen(reports).items()
        )

    return looks_like


def fits_two(truth, disease, experiment):
    return (
        experiment not in HOW_WELL
        and disease == truth
        and finding(truth, experiment)[0] == finding(disease, experiment)[0]
    )


def wrong(**pairs):
    return f"diagnosis = dict.fromkeys('ABCDEF', ...) | {pairs!r}\n"


DIAGNOSIS = Exercise(
    id="diagnosis",
    title="Six runs, six causes",
    notebook=8,
    minutes=12,
    points=6,
    parts=6,
    contract="""\
Six runs fail, A to F, each for one reason. Say which, and name the experiment that proves it.

- `diagnosis`: from each letter to a pair `(disease, experiment)`, in the words of the lists above.
- Look at the loss curves, guess, and try: `examine("A", "accuracy")`.
- An experiment proves something if *no other* disease of the list shows the same. A cure that helps
  is no proof.
- A pair counts one point.""",
    cases=diagnosis_cases,
    probe=as_it_is,
    judge=judge_diagnosis,
    misconceptions=(
        Misconception(
            "cure_without_evidence",
            wrong(C=("rate too large", "a tenth of the rate")),
            "You changed something, and looked whether it helped. A smaller rate makes many an "
            "illness milder, and more steps hide it; neither says which one it is.",
            any_pair(lambda truth, disease, experiment: experiment in HOW_WELL[:2]),
        ),
        Misconception(
            "metric_only",
            wrong(A=("rate too small", "accuracy")),
            "Accuracy and loss say *that* something is wrong, or not even that: a net with a wrong "
            "gradient may tell most points right. Ask a question whose answer differs by cause.",
            any_pair(lambda truth, disease, experiment: experiment == "accuracy"),
        ),
        Misconception(
            "blames_the_rate",
            wrong(B=("rate too small", "before the first step")),
            "You blame the rate. It is the first suspect in every run, so it needs an alibi first: "
            "has anything been seen that a wrong rate cannot do?",
            any_pair(lambda truth, disease, experiment: disease.startswith("rate")),
        ),
        Misconception(
            "zero_is_none",
            wrong(B=("detached head", "units that fire")),
            "A gradient that is 0 and one that is None are two findings. 0: the message came, and "
            "was multiplied by 0. None: there is no road on which it could come.",
            any_pair(lambda *pair: {*pair[:2]} == {"dead relu", "detached head"}),
        ),
        Misconception(
            "evidence_for_two",
            wrong(D=("softmax twice", "nudge the weights")),
            "The cause is the right one, and the experiment does not show it: it comes out the "
            "same for other diseases. Which number would be different with this one *alone*?",
            any_pair(fits_two),
        ),
    ),
    hints=(
        Hint(
            "Where do I begin?",
            "With the curve. Flat from the start, jumping about, nan at once, or falling and "
            "stopping early: each leaves two or three suspects. For which experiment would they "
            "give different answers?",
        ),
        Hint(
            "The loss falls, and I can't see what is wrong",
            "It may fall with a wrong gradient: slopes that are roughly right lead downhill, too. "
            "Only nudging sees that. Or it falls and stops above 0: can this loss be 0 at all?",
        ),
        Hint(
            "My experiment proves nothing",
            "Run it on all six. If two of them answer alike, it does not separate those two. An "
            "experiment that is made for one disease says the same about all the others.",
        ),
    ),
    why="A curve suggests, a cure may help by accident; an experiment whose outcome fits one cause "
    "decides. The wrong gradient is the one to remember: it trains, to a plausible accuracy, and "
    "only nudges give it away.",
)  # fmt: skip

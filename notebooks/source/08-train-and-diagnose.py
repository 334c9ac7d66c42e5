# %% [markdown]
# # Train and diagnose: evidence before the cure
#
# A network that learns nothing prints the same kind of number as one that does. After this page you
# can train one on your own engine, keep its gradients alive and its memory small, and find out
# what ails it with a single experiment.
#
# **You will** train, measure gradients by depth, trade memory for time, diagnose six failing runs,
# test an operator of your own · **You need** notebooks 5 and 7 · **Minutes** 60, and 41 more for
# extra practice
#
# Run the next two cells: Shift + Enter.

# %%
import numpy as np
import torch

import backprop_lab as bl
from backprop_lab import check, ops

rng = np.random.default_rng(0)

# %%
import matplotlib.pyplot as plt


def typeset(family, weight, style):
    fig = plt.figure(figsize=(10, 5), dpi=32)
    for row, digit in np.ndindex(5, 10):
        font = {"family": family, "weight": weight, "style": style, "size": 60}
        fig.text((digit + 0.5) / 10, 0.9 - row / 5, str(digit), font,
                 rotation=12 - 6 * row, ha="center", va="center_baseline")
    fig.canvas.draw()
    ink = 1 - np.asarray(fig.canvas.buffer_rgba())[:, :, 0] / 255
    plt.close(fig)
    return ink.reshape(40, 4, 80, 4).mean((1, 3))  # 4 × 4 pixels become one


fig, axes = plt.subplots(figsize=(6, 3), layout="constrained")
axes.imshow(typeset("DejaVu Serif", "bold", "normal"), cmap="gray_r")
axes.axis("off")
bl.figure(fig, "The digits 0 to 9 in a bold typeface, coarse, in five rows: each tilted otherwise.")

# %% [markdown]
# Ten digits, eight by eight pixels each, set from the typefaces that come with matplotlib: what a
# network is to read on this page.
#
# **From before.** Two questions, to see what stayed. A batch of 600 images goes through
# `x @ W + b`: how many messages does `b[0]` get? And a loop reads a column of an image in each
# turn, with the same weight `w`; in 8 turns, how many messages does `w` get?

# %%
### BEGIN STUB
my_guess = (..., ...)
### END STUB
### BEGIN SOLUTION
my_guess = (600, 8)
### END SOLUTION

# %%
b, w = bl.parameter(np.zeros(32)), bl.parameter(1.0)
(np.zeros((600, 32)) + b).backward(np.ones((600, 32)))
h = bl.tensor(1.0)
for _ in range(8):
    h = w * h
h.backward()
bl.compare(my_guess, (int(b.grad[0]), int(w.grad)))

# %% [markdown]
# 600, one from each row that it was copied into; and 8, one from each turn. (With all of them 1,
# the gradient counts messages.)
#
# ## Train, and compare every step
#
# Sixteen typefaces: four families, upright and slanted, light and bold. The network trains on three
# families. The fourth it never sees, until we ask how well it reads.

# %%
families = ["DejaVu Sans", "DejaVu Sans Mono", "DejaVu Serif", "STIXGeneral"]
cuts = [(weight, style) for weight in ("normal", "bold") for style in ("normal", "italic")]
sheets = np.array([typeset(family, *cut) for family in families for cut in cuts])
images = sheets.reshape(-1, 8, 10, 8).transpose(0, 2, 1, 3).reshape(-1, 64)
labels = np.tile(np.arange(10), len(images) // 10)
x, x_new = images[:600], images[600:]
y, y_new = labels[:600], labels[600:]

# %% [markdown]
# (`reshape` and `transpose` cut each sheet into its digits, one row of 64 numbers for each.)
#
# Before the first step, one number should be known. A network that knows nothing gives ten digits
# the same score. What is its loss?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 2.303
### END SOLUTION

# %%
bl.compare(my_guess, ops.softmax_cross_entropy(np.zeros((600, 10)), y).item())

# %% [markdown]
# $-\log \frac{1}{10} = 2.303$. Training should begin near it. A start at 15 is a finding: scores
# are too large. So is a start at 0.1.
#
# Two layers are to be trained, `W1, b1, W2, b2`, with a bend in between; a *multilayer perceptron*.
# Here they are, drawn at random:

# %%
def fresh(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) / shape[0] ** 0.5 for shape in shapes]


start = fresh((64, 32), (32,), (32, 10), (10,))
weights = [bl.parameter(array) for array in start]

# %% [markdown] exercise="train_step"

# %% exercise="train_step"
def train_step(weights, x, labels, rate):
    W1, b1, W2, b2 = weights
    ### BEGIN SOLUTION
    for w in weights:
        w.grad = None
    logits = ops.tanh(x @ W1 + b1) @ W2 + b2
    loss = ops.softmax_cross_entropy(logits, labels)
    loss.backward()
    with bl.no_grad():
        for w in weights:
            w -= rate * w.grad
    return loss.item()
    ### END SOLUTION

# %%
check("train_step", train_step)

# %% [markdown] hints="train_step"

# %% [markdown]
# Now 200 steps. `bl.dashboard` is a loop that draws what it is told, while it runs: the loss, and
# the **gradient norm**, the length of the vector of all gradients. Both axes count in powers of
# ten.

# %% tags=["nbval-ignore-output"]
def length(weights):
    return np.linalg.norm(np.concatenate([w.grad.ravel() for w in weights]))


if check("train_step", train_step):
    run = bl.dashboard(200)
    for _ in run:
        run.note(loss=train_step(weights, x, y, rate=0.5), gradient_norm=length(weights))
else:
    print("This training runs on your train_step: come back when its check passes.")

# %% [markdown]
# The loss falls, and the gradient with it. But a falling loss only says that *something* is
# learned. Is it what the formula says? Another engine can tell, if it begins with the same weights
# and takes the same steps.

# %%
def perceptron(weights, x):
    W1, b1, W2, b2 = weights
    return (x @ W1 + b1).tanh() @ W2 + b2


def torch_step(model, weights, x, labels, rate):
    loss = torch.nn.functional.cross_entropy(model(weights, x), torch.tensor(labels))
    gradients = torch.autograd.grad(loss, weights)
    with torch.no_grad():
        for w, w_bar in zip(weights, gradients):
            w -= rate * w_bar
    return loss.item()

# %%
def both(start):
    return [bl.parameter(a) for a in start], [torch.tensor(a, requires_grad=True) for a in start]


def apart(ours, theirs):
    return max(abs(u.data - t.detach().numpy()).max() for u, t in zip(ours, theirs))

# %% [markdown]
# Both round, and not always in the same way. A double carries 16 digits, so differences should be
# about 1e-16 to begin with, and grow a little. We ask for 1e-10, after *every* step.

# %%
if check("train_step", train_step):
    ours, theirs = both(start)
    agree = []
    for _ in range(100):
        loss = train_step(ours, x, y, rate=0.5)
        other = torch_step(perceptron, theirs, torch.tensor(x), y, rate=0.5)
        agree.append(abs(loss - other) < 1e-10 and apart(ours, theirs) < 1e-10)
    print("steps that agree with PyTorch:", sum(agree), "of", len(agree))
else:
    print("This compares your train_step with PyTorch: come back when its check passes.")

# %% [markdown]
# If a single one of the four gradients were off by a hundredth, the second step would show it.
#
# And how well does it read? Accuracy is the share of images whose largest score is the right one.

# %% tags=["nbval-ignore-output"]
def accuracy(scores, labels):
    return (scores.data.argmax(axis=1) == labels).mean()


if check("train_step", train_step):
    print(f"typefaces it has trained on: {accuracy(perceptron(weights, x), y):.1%}")
    print(f"a family it has never seen:  {accuracy(perceptron(weights, x_new), y_new):.1%}")
else:
    print("These are the weights that your train_step trained: come back when its check passes.")

# %% [markdown]
# Nearly everything that it trained on, and clearly less of the family that is new to it. The gap is
# no fault of the gradients: it is what twelve typefaces can teach.
#
# ### Read column by column
#
# A 1 is narrower than an 8. A *recurrent* network reads an image one column after the other, as
# many as there are, and keeps a state `h`: the loop of notebook 7, with matrices.

# %%
def reader(weights, columns):
    W, U, b, V = weights
    h = (columns[0] @ W + b).tanh()
    for column in columns[1:]:
        h = (column @ W + h @ U + b).tanh()
    return h @ V

# %%
def columns_of(image):
    inked = np.flatnonzero(image.reshape(8, 8).max(axis=0) > 0.1)
    return image.reshape(8, 8)[:, inked[0] : inked[-1] + 1].T


words = [columns_of(image) for image in x]
lengths = np.array([len(word) for word in words])
batches = [
    (np.stack([word for word in words if len(word) == n], axis=1), y[lengths == n])
    for n in np.unique(lengths)
]
print("columns:", *np.unique(lengths), "· images:", *[len(labels) for _, labels in batches])

# %% [markdown]
# A batch holds images of one width, so nothing has to be padded: five batches, five graphs of five
# depths. Here is the lab's step for any model. Notebook 4's `vjp` runs it, and takes the loss back
# to all weights:

# %%
def lab_step(model, weights, x, labels, rate):
    def loss_of(*weights):
        return ops.softmax_cross_entropy(model(weights, x), labels)

    loss, pull_back = bl.vjp(loss_of, *weights)
    for w, w_bar in zip(weights, pull_back(1.0)):
        w.data = w.data - rate * w_bar.data
    return loss.item()

# %% tags=["nbval-ignore-output"]
ours, theirs = both(fresh((8, 24), (24, 24), (24,), (24, 10)))
agree, run = [], bl.dashboard(40)
for _ in run:
    right = 0
    for columns, digits in batches:
        loss = lab_step(reader, ours, columns, digits, rate=0.3)
        other = torch_step(reader, theirs, torch.tensor(columns), digits, rate=0.3)
        agree.append(abs(loss - other) < 1e-10 and apart(ours, theirs) < 1e-10)
        right += (reader(ours, columns).data.argmax(axis=1) == digits).sum()
    run.note(accuracy=right / 600)
print("steps that agree with PyTorch:", sum(agree), "of", len(agree))

# %% [markdown]
# All of them agree, whatever the length. `U` is read once for every column but the first, and hears
# from each of them: if one message were lost, the engines would part in the first step. Nothing was
# derived for this network; the loop ran, and left its graph.
#
# **So far.** Two networks, two engines, equal to ten digits after each step. The first loss is
# known before; accuracy is for data that is new.

# %% [markdown]
# ## Keep gradients alive
#
# More layers can say more, if they learn. A layer multiplies what comes back by its slopes, and a
# sigmoid is nowhere steeper than 1/4. Through how many sigmoids can a message go until less than a
# millionth of it is left, if they are all at their steepest?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 10
### END SOLUTION

# %%
def through_sigmoids(depth, w=1.0):
    x = h = bl.tensor(0.5, requires_grad=True)
    for _ in range(depth):
        h = ops.sigmoid(w * (h - 0.5))  # always at 0, where a sigmoid is steepest
    h.backward()
    return x.grad.item()


bl.compare(my_guess, next(n for n in range(99) if through_sigmoids(n) < 1e-6))

# %% [markdown]
# Ten: $0.25^{10}$ is 9.5e-7. Twenty layers leave 9e-13. This is called *vanishing*.
#
# It is no law, though: the bound $0.25^d$ holds for weights up to 1. Each layer multiplies by
# $w \cdot 0.25$. What is left after 20 layers with $w = 4$, and with $w = 8$?

# %%
### BEGIN STUB
my_guess = (..., ...)
### END STUB
### BEGIN SOLUTION
my_guess = (1, 2**20)
### END SOLUTION

# %%
bl.compare(my_guess, (through_sigmoids(20, w=4.0), through_sigmoids(20, w=8.0)))

# %% [markdown]
# 1, and a million: with $w = 8$ it *explodes*. In between is a knife edge, and no network stays at
# the steepest point. So measure, layer by layer.

# %% [markdown] exercise="gradient_norms"

# %% exercise="gradient_norms"
def gradient_norms(layers):
    ### BEGIN SOLUTION
    norms = [np.sqrt(sum((w.grad**2).sum() for w in layer)) for layer in layers]
    shrink = (norms[0] / norms[-1]) ** (1 / (len(layers) - 1))
    return norms, shrink
    ### END SOLUTION

# %%
check("gradient_norms", gradient_norms)

# %% [markdown] hints="gradient_norms"

# %% [markdown]
# Here are networks of 20 layers, each with 32 units and one matrix of weights per layer. They
# differ in how these begin, and in the bend: The picture shows, for each of
# them, how much of the message from the end is heard in the first layer, and how much in the last.
# Before you look: which of the three will be in trouble?

# %%
def norms_by_layer(initial, layer, depth=20, width=32):
    rng = np.random.default_rng(0)
    weights = [bl.parameter(initial(rng, width)) for _ in range(depth)]
    h = rng.normal(size=(50, width))
    for W in weights:
        h = layer(h, W)
    (h * rng.normal(size=h.shape)).sum().backward()
    return [np.linalg.norm(W.grad) for W in weights]


def scaled(scale):
    return lambda rng, width: scale * rng.normal(size=(width, width)) / width**0.5

# %% tags=["nbval-ignore-output"]
def tanh_layer(x, W):
    return ops.tanh(x @ W)


networks = {
    "sigmoid": norms_by_layer(scaled(1), lambda x, W: ops.sigmoid(x @ W)),
    "tanh, weights halved": norms_by_layer(scaled(0.5), tanh_layer),
    "relu, weights tripled": norms_by_layer(scaled(3), lambda x, W: ops.relu(x @ W)),
}

fig, axes = plt.subplots(figsize=(6, 3), layout="constrained")
for (name, norms), mark in zip(networks.items(), "os^"):
    axes.semilogy(range(1, 21), norms, mark, label=name)
axes.set(xlabel="layer", ylabel="norm of its gradient")
axes.legend()
bl.figure(fig, alt="Gradient norm of each of 20 layers, logarithmic. With sigmoids and with halved "
          "weights the early layers get far less than the late ones; with relu and tripled "
          "weights it is far more for all.")

# %% [markdown]
# In the sigmoid network the first layer hears next to nothing of what the last one hears, and it
# will not move. A smaller learning rate is no cure, and a larger one makes the last layers jump.
#
# Three things can be chosen: how the weights begin; which bend; and whether a layer *adds* to what
# it was given, $h + f(h)$. That is a **residual**, and its slope has a 1 in it, whatever f does.
# Now mend one.

# %% [markdown] exercise="mend_depth"

# %% exercise="mend_depth"
### BEGIN STUB
mend_depth = {
    "initial": ...,
    "layer": ...,
}
### END STUB
### BEGIN SOLUTION
mend_depth = {
    "initial": lambda rng, width: rng.normal(size=(width, width)) / width**0.5,
    "layer": lambda x, W: x + ops.tanh(x @ W) / 4,
}
### END SOLUTION

# %%
check("mend_depth", mend_depth)

# %% [markdown] hints="mend_depth"

# %% tags=["nbval-ignore-output"]
if check("mend_depth", mend_depth):
    norms = norms_by_layer(**mend_depth)
    print(f"first layer {norms[0]:.3g}, last layer {norms[-1]:.3g}")
else:
    print("This measures your mended network: come back when its check passes.")

# %% [markdown]
# **So far.** What comes back is a product of slopes, one for each layer. Measured by layer, it says
# where learning stops; a start that fits, a steep enough bend, and residuals keep it near 1.

# %% [markdown]
# ## Trade memory for time
#
# A chain of 64 layers keeps 65 values for the way back: its input, and what each layer made. Cut it
# into k runs of equal length and keep only the first value of each. On the way back, run each of
# them once more. Then k values are kept, and 64/k while one run is open. Which k keeps the fewest?

# %%
### BEGIN STUB
my_guess = ...
### END STUB
### BEGIN SOLUTION
my_guess = 8
### END SOLUTION

# %%
peaks = {k: 64 // k + k for k in (1, 2, 4, 8, 16, 32, 64)}
bl.compare(my_guess, min(peaks, key=peaks.get))

# %% [markdown]
# With k = 8 there are 8 values, and 8 more while a run is open. Here is how many are held, call by
# call: first forward through all layers, then the runs from the last to the first, each once more
# forward and then back.

# %%
def timeline(n, k):
    """How many values are held: forward through k runs, then run by run again and back."""
    held = [kept for kept in range(1, k + 1) for _ in range(n // k)]
    for kept in range(k, 0, -1):
        opened = [kept + i for i in range(1, n // k + 1)]
        held += opened + opened[::-1]
    return held


fig, axes = plt.subplots(figsize=(6, 3), layout="constrained")
for k, line in ((1, "-"), (8, "--"), (64, ":")):
    axes.plot(timeline(64, k), line, label=f"k = {k}")
axes.set(xlabel="calls of a layer", ylabel="values held")
axes.legend()
bl.figure(fig, alt="Values held over time, for 1, 8 and 64 runs: with 1 or 64 the peak is 65; with "
          "8 it is a saw of eight teeth that never passes 16.")

# %% [markdown]
# 16 values instead of 65, for k = 8, and the price is one more forward run at most: the last layer
# of each run need not be run again, so it is 56 calls. This is **checkpointing**, and large models
# are trained that way. With 1 and 64, nothing is won.
#
# One thing is easily forgotten. A layer with dropout draws at random; the second time it has to
# draw the *same*.

# %% [markdown] exercise="checkpointed"

# %% exercise="checkpointed"
def checkpointed(layers, x, z_bar, segments, rng):
    ### BEGIN SOLUTION
    kept = []
    for run in np.array_split(np.arange(len(layers)), segments):
        kept.append((run, x, rng.bit_generator.state))
        for i in run:
            x = layers[i].forward(x, rng)
    while kept:
        run, x, rng.bit_generator.state = kept.pop()
        values = [x]
        for i in run[:-1]:
            values.append(layers[i].forward(values[-1], rng))
        for i in reversed(run):
            z_bar = layers[i].vjp(values.pop(), z_bar)
    return z_bar
    ### END SOLUTION

# %%
check("checkpointed", checkpointed)

# %% [markdown] hints="checkpointed"

# %% [markdown]
# **So far.** Values can be computed again. Kept are the first of each run; the peak goes with the
# square root of the depth, and the work grows by one forward at most.
#
# ## Heal by evidence
#
# A loss may fail before anything is trained. Scores of ±1000 are rare, and one is enough for an
# `inf`; "add a small number inside the log" hides it and changes the loss.

# %% [markdown] exercise="stable_loss"

# %% exercise="stable_loss"
def stable_loss(scores, labels):
    ### BEGIN SOLUTION
    margin = scores * labels
    small = np.exp(-np.abs(margin))
    loss = np.maximum(-margin, 0) + np.log1p(small)
    lost = np.where(margin > 0, small, 1.0) / (1 + small)
    return loss.mean(), -labels * lost / len(scores)
    ### END SOLUTION

# %%
check("stable_loss", stable_loss)

# %% [markdown] hints="stable_loss"

# %% [markdown]
# And now the ward: six runs, each with one disease. All of them train the same small network on the
# same points. A healthy one ends near 0.17.

# %% tags=["nbval-ignore-output"]
from backprop_lab.exercises.train_and_diagnose.experiments import EXPERIMENTS, examine, losses
from backprop_lab.exercises.train_and_diagnose.ward import DISEASES

fig, panels = plt.subplots(2, 3, figsize=(8, 4), layout="constrained", sharex=True)
for patient, axes in zip("ABCDEF", panels.flat):
    axes.plot(losses(patient))
    axes.set_title(f"{patient}: ends at {losses(patient)[-1]:.3g}", fontsize=10)
bl.figure(fig, alt="Loss curves of six runs. A, D and F fall; B is flat; C falls and jumps up; "
          "E is missing, as it is nan from the second step on.")

# %%
print("diseases:", *DISEASES, sep="\n  ")
print("experiments:", *EXPERIMENTS, sep="\n  ")

# %% [markdown]
# A curve says *that* something is wrong, seldom what. A falls nearly as a healthy one does, and
# `examine("A", "accuracy")` says that 90% of the points are told right. That fits half of the list.
# A lower rate, or more steps, may even help, and prove nothing: they treat without knowing.
#
# Look for the one experiment whose outcome *only one* disease can explain.

# %% [markdown] exercise="diagnosis"

# %% exercise="diagnosis"
### BEGIN STUB
diagnosis = dict.fromkeys("ABCDEF", ...)
### END STUB
### BEGIN SOLUTION
diagnosis = {
    "A": ("transposed weight", "nudge the weights"),
    "B": ("dead relu", "units that fire"),
    "C": ("gradients never cleared", "the same batch twice"),
    "D": ("softmax twice", "loss of a perfect prediction"),
    "E": ("nan behind where", "before the first step"),
    "F": ("detached head", "weights without a gradient"),
}
### END SOLUTION

# %%
check("diagnosis", diagnosis)

# %% [markdown] hints="diagnosis"

# %% [markdown]
# Run A is the one to remember. One matrix stands transposed in its backward rule. The shapes fit,
# as the layer is square, the loss falls, most points are told right, and nobody would look. Nudging
# the weights finds it at once.
#
# How often does that happen? Here is another: the recurrent reader of above, in whose sweep one `+`
# is missing. `U` hears from the last column alone, since what came before has been cut away.

# %%
def forgetful(weights, columns):
    W, U, b, V = weights
    h = (columns[0] @ W + b).tanh()
    for column in columns[1:]:
        h = (column @ W + h.detach() @ U + b).tanh()
    return h @ V

# %% tags=["nbval-ignore-output"]
def trained(model, steps=40):
    weights, _ = both(fresh((8, 24), (24, 24), (24,), (24, 10)))
    for _ in range(steps):
        for columns, digits in batches:
            lab_step(model, weights, columns, digits, rate=0.3)
    right = [(model(weights, c).data.argmax(axis=1) == digits).sum() for c, digits in batches]
    return sum(right) / 600


print(f"whole {trained(reader):.1%}, with the cut {trained(forgetful):.1%}")

# %% [markdown]
# Some accuracy is lost, and who knows what it should have been? It trains, and to a number that one
# might publish. The forward pass is the same, to the last digit; the loss is the right loss; every
# weight has a gradient, of the right shape. Nothing in the curves would make anybody look. Only a
# comparison sees the cut: with nudges, or with another engine.

# %% [markdown]
# ## Take it further: an operator of your own, and tests that bite
#
# In notebook 5 you wrote a gradient check, and it was tried on wrong rules. Now the rules are
# yours, too: an operator that the lab does not have, with tests so good that no mutant of it gets
# through. A mutant is your operator with one thing changed: a rule one part in a hundred too large,
# a sign, an upstream that is ignored, one entry dropped.

# %% [markdown] exercise="my_op"

# %% exercise="my_op"
### BEGIN STUB
my_op = {"op": ..., "tests": ..., "inputs": ...}
### END STUB
### BEGIN SOLUTION
class Bell(bl.Op):
    def forward(ctx, x):
        z = 1 / (1 + x * x)
        ctx.save_for_backward(x, z)
        return z

    def vjp(ctx, z_bar):
        x, z = ctx.saved_tensors
        return z_bar * -2 * x * z * z

    jvp = vjp  # entry by entry, so the Jacobian is diagonal


def tests(op):
    x, known = np.array([1.0, 2.0, -3.0]), [0.5, 0.2, 0.1]
    return np.allclose(op.apply(x).data, known) and bool(bl.gradcheck(op.apply, x))


my_op = {"op": Bell, "tests": tests, "inputs": (np.array([0.5, -2.0, 1.2]),)}
### END SOLUTION

# %%
check("my_op", my_op)

# %% [markdown] hints="my_op"

# %%
if check("my_op", my_op):
    inputs = [bl.tensor(x, requires_grad=True) for x in my_op["inputs"]]
    picture = bl.draw(my_op["op"].apply(*inputs).sum(), grad=True)
else:
    picture = "Your operator is drawn here: come back when its check passes."
picture

# %% [markdown]
# ## Recap
#
# - Know the first loss before you start; hold every step against another engine.
# - What comes back is a product of slopes. Measure it layer by layer.
# - Memory can be had for time: keep some values, compute the others again.
# - A diagnosis is an experiment that only one cause explains.
# - A falling loss proves nothing about a gradient.

# %% [markdown]
# ## Next
#
# You have built the engine, taken it apart, and carried it over to PyTorch. What is left is to use
# it: write an operator that you need, and hand its report card along with it.

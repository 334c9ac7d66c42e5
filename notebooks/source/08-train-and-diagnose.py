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
b, w, h = bl.parameter(np.zeros(32)), bl.parameter(1.0), bl.tensor(1.0)
(np.zeros((600, 32)) + b).backward(np.ones((600, 32)))
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
# Sixteen typefaces: four families, upright and slanted, regular and bold. The network trains on
# three families. The fourth it never sees, until we ask how well it reads.

# %%
families = ["DejaVu Sans", "DejaVu Sans Mono", "DejaVu Serif", "STIXGeneral"]
cuts = [(weight, style) for weight in ("normal", "bold") for style in ("normal", "italic")]
sheets = np.array([typeset(family, *cut) for family in families for cut in cuts])
images = sheets.reshape(-1, 8, 10, 8).transpose(0, 2, 1, 3).reshape(-1, 64)
labels = np.tile(np.arange(10), len(images) // 10)
x, y, x_new, y_new = images[:600], labels[:600], images[600:], labels[600:]

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


def perceptron(weights, x):
    W1, b1, W2, b2 = weights
    return (x @ W1 + b1).tanh() @ W2 + b2

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
# the **gradient norm**, the length of the vector of all gradients. Both curves are drawn against
# powers of ten. Below, *accuracy*: the share of images whose largest score is the right one.

# %% tags=["nbval-ignore-output"]
def length(weights):
    return np.linalg.norm(np.concatenate([w.grad.ravel() for w in weights]))


def accuracy(scores, labels):
    return (scores.data.argmax(axis=1) == labels).mean()


if check("train_step", train_step):
    run = bl.dashboard(200)
    for _ in run:
        run.note(loss=train_step(weights, x, y, rate=0.5), gradient_norm=length(weights))
    print(f"typefaces it trains on: {accuracy(perceptron(weights, x), y):.1%}")
    print(f"those it has never seen: {accuracy(perceptron(weights, x_new), y_new):.1%}")
else:
    print("This training runs on your train_step: come back when its check passes.")

# %% [markdown]
# The loss falls, and the gradient with it. It reads nearly all that it trained on, and clearly less
# of the family that it has not seen: that is what twelve typefaces can teach.
#
# But a falling loss says that *something* is learned. Is it what the formula says? Another engine
# can tell, if it begins with the same weights and takes the same steps.

# %%
torch.set_num_threads(1)  # as fast for small matrices, and kind to busy machines


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
# about 1e-16 to begin with, and grow a little. We ask for 1e-10, after *every* step: in the loss,
# and in the weight that differs most of all.

# %%
if check("train_step", train_step):
    ours, theirs = both(start)
    agree = []
    for _ in range(100):
        loss = train_step(ours, x, y, rate=0.5)
        off = loss - torch_step(perceptron, theirs, torch.tensor(x), y, rate=0.5)
        agree.append(max(abs(off), apart(ours, theirs)) < 1e-10)
    print("steps that agree with PyTorch:", sum(agree), "of", len(agree))
else:
    print("This compares your train_step with PyTorch: come back when its check passes.")

# %% [markdown]
# If a single one of the four gradients were off by a hundredth, the first step would show it: in a
# weight, if not in the loss.
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
# depths. Here is the lab's step for any model. Notebook 4's `vjp` runs it, and `pull_back(1.0)`
# takes the loss back to all weights at once, whatever the model did with them:

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
    for columns, digits in batches:
        loss = lab_step(reader, ours, columns, digits, rate=0.3)
        off = loss - torch_step(reader, theirs, torch.tensor(columns), digits, rate=0.3)
        agree.append(max(abs(off), apart(ours, theirs)) < 1e-10)
    shares = [accuracy(reader(ours, columns), digits) for columns, digits in batches]
    run.note(accuracy=np.average(shares, weights=[len(digits) for _, digits in batches]))
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
# sigmoid, $1/(1 + e^{-x})$, is nowhere steeper than 1/4. Twenty of them in a row leave $0.25^{20}$
# at best, 9e-13: the message *vanishes*.
#
# That bound holds for weights up to 1, though. With a weight $w$ each layer multiplies by
# $w \cdot 0.25$. What is left after 20 layers with $w = 4$, and with $w = 8$?

# %%
### BEGIN STUB
my_guess = (..., ...)
### END STUB
### BEGIN SOLUTION
my_guess = (1, 2**20)
### END SOLUTION

# %%
def through_sigmoids(depth, w):
    x = h = bl.tensor(0.5, requires_grad=True)
    for _ in range(depth):
        h = ops.sigmoid(w * (h - 0.5))  # always at 0, where a sigmoid is steepest
    h.backward()
    return x.grad.item()


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
# So here is a film. Between the pixels and the scores stand 20 layers of 24 units; they train for
# 80 steps, and each frame holds the norm of the gradient of every layer. (A step moves a weight by
# the rate times its gradient, so the move tells the norm.)

# %%
def film(initial, layer, rate=0.3):
    def deep(weights, x):
        for i, W in enumerate(weights):
            x = layer(x, W) if 0 < i < 21 else x @ W
        return x

    start, some, frames = fresh((64, 24), (24, 10)), rng.choice(600, 100, replace=False), []
    start[1:1] = [initial(rng, 24) for _ in range(20)]
    weights = [bl.parameter(W) for W in start]
    for _ in range(80):
        before = [w.data for w in weights]
        loss = lab_step(deep, weights, x[some] - x.mean(axis=0), y[some], rate)
        frames.append([np.linalg.norm(w.data - b) / rate for w, b in zip(weights, before)])
    return np.array(frames).T, loss

# %%
def show(networks, says):
    fig, panels = plt.subplots(1, len(networks), figsize=(7, 3), layout="constrained", sharey=True)
    for (name, network), axes in zip(networks.items(), panels):
        frames, loss = film(*network)
        image = axes.pcolormesh(np.log10(frames), vmin=-12, vmax=2)
        axes.set(title=f"{name}\nlast loss {loss:.2g}", xlabel="step", ylabel="layer")
    fig.colorbar(image, label="log₁₀ of the norm")
    return bl.figure(fig, says)

# %% [markdown]
# Two networks that differ in the bend and in how their weights begin. `scaled(1)` draws weights of
# about $1/\sqrt n$, so that a sum over $n$ units is about as large as one of them. Which of the
# two will have trouble at the first layers only? (Dark is a small gradient; each unit of the scale
# is a power of ten.)

# %%
def scaled(scale):
    return lambda rng, width: scale * rng.normal(size=(width, width)) / width**0.5


def bend(x, W):
    return ops.tanh(x @ W)


# %% tags=["nbval-ignore-output"]
sick = {"sigmoid": (scaled(1), lambda x, W: ops.sigmoid(x @ W)), "tanh, large": (scaled(4), bend)}
show(sick, "Two films of gradient norms, by layer and step. With sigmoids, at the start, they fall "
     "by more than ten powers of ten from the last layer to the first. With large weights they are "
     "huge in the first steps, most of all in the first layers, and there tiny in the end.")

# %% [markdown]
# Read it from the top, as the message runs. In the first step, less than a billionth of it
# comes through the sigmoids: no rate is good for both ends. With large weights
# it grows, and steps are so long that the tanhs end up flat.
#
# Three things can be chosen: the start, the bend, and whether a layer *adds* to what it was given,
# $h + f(h)$. That is a **residual**, and its slope has a 1 in it, whatever f does.

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
remedies = {
    "tanh": (scaled(1), bend),
    "relu": (scaled(2**0.5), lambda x, W: ops.relu(x @ W)),
    "residual": (scaled(1), lambda x, W: x + bend(x, W) / 4),
}
if check("mend_depth", mend_depth):
    remedies["yours"] = mend_depth["initial"], mend_depth["layer"]
show(remedies, "Films of gradient norms, by layer and step: with tanh and weights of one over root "
     "n, relu and root two over n, and residual layers, the first layer has a gradient as well. "
     "The loss of the residual network falls furthest.")

# %% [markdown]
# Weights of $1/\sqrt n$ for tanh, of $\sqrt{2/n}$ for relu (He and others, 2015), or a residual:
# each of the three lets the first layer hear of the loss. That is necessary, and does not suffice:
# the first two learn far more slowly than the third.
#
# **So far.** What comes back is a product of slopes, one for each layer. Measure it by layer; a
# start that fits, a steep enough bend, and residuals keep it near 1.

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
def timeline(n, k):
    held = [kept + 1 for kept in range(1, k + 1) for _ in range(n // k)]
    for kept in range(k, 0, -1):
        opened = [kept + i for i in range(1, n // k + 1)]
        held += opened[:-1] + opened[::-1]  # forward through all but one layer, and back
    return held


choices = [1, 2, 4, 8, 16, 32, 64]
bl.compare(my_guess, min(choices, key=lambda k: max(timeline(64, k))))

# %% [markdown]
# With k = 8 there are 8 values, and 8 more while a run is open. Here is how many are held, call by
# call: the first values of all runs so far, and the values of the run that is open. It goes forward
# through all layers, then through the runs from the last to the first, each once more forward and
# then back. Try another `k` in the first line.

# %%
k = 8  # 1, 2, 4, 8, 16, 32 or 64
fig, axes = plt.subplots(figsize=(5, 2.5), layout="constrained")
axes.plot(timeline(64, 64), ":", color="gray", label="k = 64")
axes.plot(timeline(64, k), label=f"k = {k}")
axes.set(xlabel="calls of a layer", ylabel="values held")
axes.legend()
bl.figure(fig, "Values held over time: with k = 64 there are more and more, up to 65; with "
          f"k = {k} the peak is {max(timeline(64, k))}.")

# %% [markdown]
# 16 values instead of 65, for k = 8, and the price is at most one more forward: the last layer of
# each run need not run again, so it is 56 calls. This is **checkpointing**, and large models are
# trained that way. With 64 runs nothing is won, and with 1 nothing either, for 63 calls.
#
# One thing is easily forgotten. *Dropout* sets numbers to 0 at random; the second time it has to
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
# So much for counting. `tracemalloc` says how many bytes Python and NumPy really hold at the worst
# moment. Here it is for 64 layers of tanh, in units of one value. It should be $64/k + k$, and
# perhaps one or two more that a layer needs in passing.

# %% tags=["nbval-ignore-output"]
import tracemalloc
from types import SimpleNamespace as Layer

tanh = Layer(forward=lambda x, rng: np.tanh(x), vjp=lambda x, z_bar: z_bar * (1 - np.tanh(x) ** 2))
if check("checkpointed", checkpointed):
    for k in choices:
        tracemalloc.start()
        checkpointed([tanh] * 64, np.ones(100_000), np.ones(100_000), k, rng)
        print(f"k = {k:2}: {tracemalloc.get_traced_memory()[1] / 800_000:.0f} values at most")
        tracemalloc.stop()
else:
    print("This measures your checkpointed: come back when its check passes.")

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
# same points, with one line gone wrong. A healthy one ends near 0.17. `losses` trains a patient and
# gives its curve; `examine` tries an experiment on one that has just been admitted.

# %% tags=["nbval-ignore-output"]
from backprop_lab.exercises.train_and_diagnose.experiments import EXPERIMENTS, examine, losses
from backprop_lab.exercises.train_and_diagnose.ward import DISEASES

fig, panels = plt.subplots(2, 3, figsize=(6, 3.2), layout="constrained", sharex=True)
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
# A lower rate may help, and prove nothing.
#
# (A *dead relu* never fires: it is 0 for every point. A *detached head* is a last layer whose input
# was cut from the graph.) Look for the one experiment whose outcome *only one* disease can explain.

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
# Run A is the one to remember. One matrix stands transposed in its backward rule: the shapes fit,
# as the layer is square, and most points are told right.
#
# It is not the only one of its kind. Here is a residual network with its sweep written by hand. `h`
# has two readers, so two messages add. In run B they do. In run A, where `plus` is 0, one `+` is
# missing, and the second message overwrites the first.

# %%
def sweep(weights, plus):
    W1, W2, W3 = weights
    h = np.tanh(x @ W1)
    r = np.tanh(h @ W2)
    loss, pull_back = bl.vjp(lambda z: ops.softmax_cross_entropy(z, y), (h + r) @ W3)
    z_bar = pull_back(1.0)[0].data
    r_bar = z_bar @ W3.T * (1 - r**2)
    h_bar = plus * (z_bar @ W3.T) + r_bar @ W2.T
    return loss.item(), [x.T @ (h_bar * (1 - h**2)), h.T @ r_bar, (h + r).T @ z_bar]

# %% tags=["nbval-ignore-output"]
for run, plus in {"A": 0, "B": 1}.items():
    W1, W2, W3 = weights = fresh((64, 32), (32, 32), (32, 10))
    for _ in range(300):
        loss, gradients = sweep(weights, plus)
        for w, w_bar in zip(weights, gradients):
            w -= 0.3 * w_bar
    h = np.tanh(x_new @ W1)
    right = ((h + np.tanh(h @ W2)) @ W3).argmax(axis=1) == y_new
    print(f"{run}: loss {loss:.3f}, new typefaces {right.mean():.1%}")

# %% [markdown]
# Would you have told which is which? Both losses come down to a few hundredths, and the share of
# new digits that are read right is much the same, if not higher for the wrong one. So nudge: how
# far does the loss move, for each unit of what the gradient of `W1` says? Right is 1, whatever the
# nudge. First A, then B:

# %%
weights = W1, W2, W3 = fresh((64, 32), (32, 32), (32, 10))
nudge = 1e-5 * np.random.default_rng(1).normal(size=W1.shape)
moved = (sweep([W1 + nudge, W2, W3], 1)[0] - sweep([W1 - nudge, W2, W3], 1)[0]) / 2
print(np.round([moved / (sweep(weights, plus)[1][0] * nudge).sum() for plus in (0, 1)], 4))

# %% [markdown]
# In A even the sign is wrong, for this nudge. No curve would have made anybody look: a gradient
# that points roughly downhill is enough to train, to a number that one might publish.
#
# ## Take it further: an operator of your own, and tests that bite
#
# Now the rules are yours: an operator that the lab does not have, written like `Multiply` on
# `bl.Op`, with a third rule, `jvp(ctx, x_dot)`. Its tests refuse every mutant: your operator with
# one thing changed.

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
    display(bl.draw(my_op["op"].apply(*inputs).sum(), grad=True))
else:
    print("Your operator is drawn here: come back when its check passes.")

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

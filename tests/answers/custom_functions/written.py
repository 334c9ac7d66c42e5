"""Writing a Function from its pieces."""


def function(name, forward, backward, takes="x", gets="grad_output", rule="backward", body="pass"):
    """The text of a class; forward and backward are the lines of their bodies."""
    return f"""
class {name}(torch.autograd.Function):
    {body}
    @staticmethod
    def forward(ctx, {takes}):
        {lines(forward)}
    @staticmethod
    def {rule}(ctx, {gets}):
        {lines(backward)}
"""


def apart(name, forward, context, backward, body="generate_vmap_rule = True"):
    """The text of a class whose forward has no ctx."""
    return f"""
class {name}(torch.autograd.Function):
    {body}
    @staticmethod
    def forward(x):
        {lines(forward)}
    @staticmethod
    def setup_context(ctx, inputs, output):
        {lines(context)}
    @staticmethod
    def backward(ctx, *z_bars):
        {lines(backward)}
"""


def lines(text):
    return "\n        ".join(text.strip().splitlines())

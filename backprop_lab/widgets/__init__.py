"""Pictures that answer: the stepper, the path explorer, the Jacobian explorer, the Rosetta.

Each is one self-contained piece of HTML (`page`): an image with its words for readers without
scripts, and the picture that moves for all others. No kernel, no network and no other file is
needed to use it. A `.js` file stands beside the `.py` file that feeds it; `frame.js` holds what
all of them share.
"""

"""The notebooks as a site of plain pages: `python -m backprop_lab site --out DIR`.

The pages come from the Markdown of nbconvert and templates of ours. Jupyter Book 2 (MyST) looks
finished sooner, but its pages have to be served, from an address that is known when they are
built; these open from a disk, without network, and so on any static host, too.
"""

"""PyTorch is not needed for anything else here, so it may not be installed."""


def need_torch(wanted):
    """Raise ImportError with the remedy if PyTorch cannot be imported. wanted: what asks for it."""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"{wanted}, and the package torch cannot be imported. Install it with "
            "pip install torch; all else here works without."
        ) from error

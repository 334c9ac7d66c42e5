"""Pictures as files: SVG as it stands, PNG through resvg."""

import os
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile

LARGEST = 8  # times its own size; a picture of 300 nodes is then 10,000 pixels wide


def save(picture, path, scale):
    """Write a Picture to a file; see `Picture.save`."""
    path = checked(path, (".svg", ".png"))
    if isinstance(scale, bool) or not isinstance(scale, (int, float)) or not 0 < scale <= LARGEST:
        raise ValueError(
            f"scale says how many pixels stand for one, from just above 0 to {LARGEST}; "
            f"not {scale!r}."
        )
    if picture.svg is None:
        raise ValueError(f"There is no image to save here, only words: {picture.alt}")
    svg = path.suffix.lower() == ".svg"
    write(path, picture.svg.encode() if svg else png(picture.svg, scale))


def checked(path, endings):
    """The path as a Path, if something can be written there."""
    path = Path(path)
    if path.suffix.lower() not in endings:
        neither = "neither" if len(endings) == 2 else "something else"
        raise ValueError(
            f"This picture is saved as {' or '.join(endings)}, and {path.name!r} ends in {neither}."
        )
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"There is no folder {str(path.parent)!r} to save {path.name!r} in. Make it first: "
            f"os.makedirs({str(path.parent)!r})."
        )
    return path


def write(path, data):
    """Put the bytes in place in one move, so that no file is ever half-written."""
    with NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
        try:
            file.write(data)
            file.close()
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        except BaseException:
            file.close()
            os.unlink(file.name)
            raise


def png(svg, scale):
    """The bytes of a PNG, in light colours and with the same letters on every machine."""
    try:
        import resvg_py  # here, so that importing the package does not load it
    except ImportError as error:
        raise ImportError(
            "Saving a .png needs the package resvg-py, which cannot be imported: "
            "pip install resvg-py. An .svg needs nothing."
        ) from error
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg,
            zoom=scale,
            font_files=fonts(),
            skip_system_fonts=True,
            font_family="DejaVu Sans",
            sans_serif_family="DejaVu Sans",
        )
    )


def fonts():
    """The files of DejaVu Sans, which come with matplotlib; raises ImportError without it."""
    found = find_spec("matplotlib")
    if found is None:
        raise ImportError(
            "The letters of a .png are those of the package matplotlib, which is not installed: "
            "pip install matplotlib. An .svg needs nothing."
        )
    return [str(file) for file in sorted(Path(found.origin).parent.rglob("DejaVuSans*.ttf"))]

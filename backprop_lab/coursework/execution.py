"""Running a notebook exactly as nbval will, so that what is stored is what it will see."""

import os
from queue import Empty

import nbformat

TIMEOUT = 120  # seconds for one cell


def execute(notebook, folder):
    """Run every code cell of a notebook in `folder` and store the outputs in it.

    Raises RuntimeError for a cell that raises without the tag "raises-exception".
    """
    from nbval.kernel import CURRENT_ENV_KERNEL_NAME, RunningKernel

    os.environ["BACKPROP_LAB_PROGRESS"] = "off"  # what a build solves is nobody's progress
    kernel = RunningKernel(CURRENT_ENV_KERNEL_NAME, cwd=str(folder))
    try:
        code_cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        for count, cell in enumerate(code_cells, start=1):
            cell.execution_count = count
            cell.outputs = run_cell(kernel, cell, count)
    finally:
        kernel.stop()
    return notebook


def run_cell(kernel, cell, count):
    """The outputs of one cell, as nbformat objects."""
    from nbval.plugin import coalesce_streams

    request = kernel.execute_cell_input(cell.source, allow_stdin=False)
    kernel.await_reply(request, timeout=TIMEOUT)
    outputs, shown = [], {}  # shown: by their ids, outputs that are drawn again later
    for kind, content in messages(kernel, request):
        if kind == "stream":
            outputs.append(nbformat.v4.new_output(kind, **content))
        elif kind == "error":
            outputs.append(nbformat.v4.new_output(kind, **content))
            if "raises-exception" not in cell.metadata.get("tags", []):
                raise RuntimeError(
                    f"Cell {count} raised {content['ename']}: {content['evalue']}\n{cell.source}"
                )
        elif kind in ("display_data", "execute_result"):
            # A live widget exists only in its kernel; its picture and words stay.
            content["data"].pop("application/vnd.jupyter.widget-view+json", None)
            facts = {"execution_count": count} if kind == "execute_result" else {}
            data, metadata = content["data"], content["metadata"]
            outputs.append(nbformat.v4.new_output(kind, data=data, metadata=metadata, **facts))
            shown[content.get("transient", {}).get("display_id")] = outputs[-1]
        elif kind == "update_display_data":
            shown[content["transient"]["display_id"]].data = content["data"]
    return coalesce_streams(outputs)


def messages(kernel, request):
    """(type, content) of what the kernel says about one request, until it is idle again."""
    while True:
        try:
            message = kernel.get_message("iopub", timeout=10)
        except Empty:
            raise RuntimeError("The kernel fell silent in the middle of a cell.") from None
        if message["parent_header"].get("msg_id") != request:
            continue
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            return
        yield message["msg_type"], message["content"]

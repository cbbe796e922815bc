"""What a process takes that trains beside others."""

MEMORY = 700 * 2**20  # bytes of one that trains a small network; its images are shared
# Each has a library read how many threads it may use.
_THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_SHARED_GPU = {"TF_FORCE_GPU_ALLOW_GROWTH": "true"}  # else the first process takes all memory of a GPU


def environment(threads):
    """Returns the variables, a dict, of a process that may use so many threads.

    Example:

    >>> environment(2)["OMP_NUM_THREADS"]
    '2'
    """
    return dict.fromkeys(_THREADS, str(threads)) | _SHARED_GPU

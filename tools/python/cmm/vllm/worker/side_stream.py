"""A stream beside that of the model's work."""

import torch


class SideStream:
    """A stream that runs beside the work of one step, or of one layer."""

    def __init__(self) -> None:
        self.stream = torch.cuda.Stream()
        self._begin, self._end = torch.cuda.Event(), torch.cuda.Event()
        self._running = False

    def fork(self, work: torch.cuda.Stream) -> None:
        """What comes into it now runs after what is in the stream of the work."""
        self._begin.record(work)
        self.stream.wait_event(self._begin)

    def ran(self) -> None:
        """All of it is in."""
        self._end.record(self.stream)
        self._running = True

    def join(self, work: torch.cuda.Stream) -> None:
        """What comes into the stream of the work now runs after it."""
        if self._running:
            work.wait_event(self._end)
            self._running = False

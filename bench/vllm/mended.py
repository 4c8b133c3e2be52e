"""What vLLM 0.23 does wrong where its engine and its workers are one process, as in a bench."""


def mend() -> None:
    """Call it before an engine is made: the statistics of vLLM's offloading are read as another process would
    have sent them, as dictionaries. A vLLM that has none stays as it is."""
    try:
        from vllm.distributed.kv_transfer.kv_connector.v1.offloading.metrics import OffloadingConnectorStats
    except ImportError:
        return
    record = OffloadingConnectorStats.record_transfer

    def recorded(self, *arguments, **named) -> None:
        record(self, *arguments, **named)
        for operations in self.data.values():
            operations[:] = [each if isinstance(each, dict) else vars(each) for each in operations]

    OffloadingConnectorStats.record_transfer = recorded

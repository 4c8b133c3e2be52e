"""What must hold on this machine before a server is started."""

import errno
import os
import re
import socket
import sys
from pathlib import Path

from ...errors import Error
from ..release.interface import installed, require
from .arguments import Arguments

NEWEST_TESTED = (0, 33)


def vllm_command() -> tuple[list[str], list[str]]:
    """How this Python's vLLM is started, and what to warn of. Refuses none, and one that does not suit."""
    version, source = installed()
    require(version, source)
    found = re.match("([0-9]{1,9})[.]([0-9]{1,9})", version)
    warnings = []
    if not found or (int(found[1]), int(found[2])) > NEWEST_TESTED:
        newest = ".".join(map(str, NEWEST_TESTED))
        warnings.append(
            f"vLLM {version} is newer than {newest}, the newest that cmm was tested with; its interface is "
            "as expected"
        )
    script = Path(sys.executable).with_name("vllm")
    if os.access(script, os.X_OK):
        return [str(script), "serve"], warnings
    return [sys.executable, "-m", "vllm.entrypoints.cli.main", "serve"], warnings


def check_port(arguments: Arguments) -> None:
    """Refuse a port that another program has, or that this user may not take."""
    if arguments.has("--uds") or arguments.has("--headless"):
        return
    text = arguments.text("--port") or "8000"
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) >= 1 << 16:
        raise Error(f"--port is {text!r}; write a number from 1 to 65535")
    host = arguments.text("--host") or ""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, int(text)))
        except PermissionError as error:
            raise Error(f"port {text} needs a permission that this user has not; give --port 8000") from error
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise Error(
                    f"port {text} is in use by another program; end it, or give another one, such as --port "
                    f"{(int(text) + 1) % (1 << 16) or 8001}"
                ) from error
            raise Error(
                f"the server cannot listen on {host or 'any address'}, port {text}: {error}"
            ) from error


def check_devices(folder: Path = Path("/dev")) -> None:
    """Refuse GPUs whose device files this user may not open; CUDA only says that there is no GPU."""
    for name in ("nvidiactl", "nvidia-uvm", "nvidia0"):
        file = folder / name
        if file.exists() and not os.access(file, os.R_OK | os.W_OK):
            raise Error(
                f"this user may not open {file}, so CUDA finds no GPU; join the group that owns it (ls -l "
                f"{file})"
            )


def weights_bytes(arguments: Arguments) -> int:
    """Bytes of the model's weights on each GPU where the model is a local folder of safetensors, else 0."""
    model = arguments.model()
    if model is None or arguments.has("--quantization") or arguments.has("--cpu-offload-gb"):
        return 0  # they take less than the files then
    if not os.path.isdir(model):
        return 0
    folder = Path(model)
    try:
        names = sorted(os.listdir(folder))
        total = sum((folder / name).stat().st_size for name in names if name.endswith(".safetensors"))
        if (folder / "config.json").is_file():
            (folder / "config.json").open("rb").close()
    except PermissionError as error:
        raise Error(f"this user may not read the model: {error.filename}; ask its owner") from error
    except OSError as error:
        raise Error(f"the model folder {folder} cannot be read: {error}") from error
    return total // arguments.model_gpus()

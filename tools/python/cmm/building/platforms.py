"""What a library is for: "cuda", or "sim:" and a profile by its name or its file."""

from pathlib import Path

_SIMULATED = "sim:"


def profile_of(platform: str) -> str | None:
    """The profile behind "sim:", a file of one named from the root; None for any other platform."""
    if not isinstance(platform, str) or not platform.startswith(_SIMULATED):
        return None
    profile = platform.removeprefix(_SIMULATED)
    return str(Path(profile).absolute()) if profile.endswith(".json") else profile


def resolved(platform: str) -> str:
    """The same platform, which means the same machine in every folder."""
    profile = profile_of(platform)
    return platform if profile is None else _SIMULATED + profile

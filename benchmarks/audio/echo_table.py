"""The figures of echo.py as tables for docs/echo.md."""

from __future__ import annotations

from typing import Any

_LONGER = {"own_voice": "own voice", "starts": "first 10 s", "moved": "laptop moved at 30 s"}


def tables(figures: dict[str, Any]) -> str:
    """Own voice, users, and the canceller, in Markdown."""
    own = [
        (
            longer,
            f"{one['own_minutes']:g}",
            f"{one['false_pauses']} ({one['false_pauses_per_min']:g}/min)",
            one["false_cuts"],
            _interval(one["false_cuts_per_hour_95"]),
        )
        for name, longer in _LONGER.items()
        for one in [figures[name]]
    ]
    heard = figures["users"] | {
        f"0 dB, {band}": one for band, one in figures["users at 0 dB by drift"].items() if one["users"]
    }
    heard |= {"0 dB, microphone cuts off 12 dB": figures["users at 0 dB, cut off"]}
    users = [
        (
            name,
            one["users"],
            _share(one["paused"]),
            _pair(one["paused_ms_p50_p90"]),
            _share(one["cut"]),
            _pair(one["cut_ms_p50_p90"]),
            _pair(one["first_paused_ms_p50_p90"]),
        )
        for name, one in heard.items()
    ]
    erle = [
        (span, f"{one['median']:g} ({one['worst']:g}) dB") for span, one in figures["attenuation"]["erle_db"].items()
    ]
    return "\n\n".join(
        (
            _table(("own voice only", "minutes", "false pauses", "false cuts", "an hour (95 %)"), own),
            _table(("user", "users", "paused", "p50 / p90", "cut", "p50 / p90", "first one paused"), users),
            _table(("attenuation", "median (worst)"), erle),
        )
    )


def _table(heading: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    lines = [heading, tuple("---" for _ in heading), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _interval(ends: Any) -> str:
    return " - ".join(f"{end:g}" for end in ends) if isinstance(ends, list | tuple) else str(ends)


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"


def _pair(values: list[float | None]) -> str:
    return " / ".join("-" if value is None else str(value) for value in values) + " ms"

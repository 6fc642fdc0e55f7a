"""What analyses of trials are given, checked: shares, arms, shapes."""

from __future__ import annotations

import numpy as np

from ldnsim.arrays import Floats, Ints
from ldnsim.errors import UserError
from ldnsim.units import plain_number


def check_share(value: object, key: str) -> float:
    """Return a number between 0 and 1, both excluded.

    Raises:
        UserError: anything else.
    """
    number = plain_number(value, key=key)
    if not 0.0 < number < 1.0:
        raise UserError(f"{key} = {value!r}: expected a number between 0 and 1, such as 0.05")
    return number


def as_values(values: object, key: str) -> Floats:
    """Return an outcome, NaN where it is missing, as an array of at least one axis.

    Raises:
        UserError: no numbers, or infinite ones.
    """
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise UserError(f"{key}: expected numbers, NaN where they are missing") from None
    if found.ndim == 0 or np.isinf(found).any():
        raise UserError(f"{key}: expected an array of finite numbers, NaN where they are missing")
    return found


def as_codes(codes: object, key: str, least: int = 0) -> Ints:
    """Return codes of arms, strata or sequences: whole numbers from ``least``.

    Raises:
        UserError: anything else.
    """
    found = np.asarray(codes)
    if found.ndim == 0 or found.dtype.kind not in "iub":
        raise UserError(f"{key}: expected an array of whole numbers, one for each patient")
    if found.size and int(found.min()) < least:
        raise UserError(f"{key}: {int(found.min())} is below {least}, the first code")
    return found.astype(np.int64)


def arm_codes(arm: object, arms: int | None = None) -> tuple[Ints, int]:
    """Return the arms of patients, 0 the control, and how many there are.

    Args:
        arm: codes, (patients,) or with leading axes.
        arms: how many; the largest code and one when None.

    Raises:
        UserError: fewer than two arms, or a code beyond them.
    """
    codes = as_codes(arm, "arm")
    found = int(codes.max(initial=0)) + 1
    count = found if arms is None else arms
    if count < 2:
        raise UserError("a trial compares arms: arm has 0, the control, alone; give 1, 2, ... too")
    if found > count:
        raise UserError(
            f"arm = {found - 1}: there are {count} arms, 0 (the control) to {count - 1}"
        )
    return codes, count


def same_shape(*named: tuple[str, np.ndarray]) -> None:  # type: ignore[type-arg]
    """Refuse arrays whose shapes do not broadcast.

    Raises:
        UserError: naming all of them.
    """
    try:
        np.broadcast_shapes(*(values.shape for _, values in named))
    except ValueError:
        told = ", ".join(f"{name} {values.shape}" for name, values in named)
        raise UserError(f"these shapes do not go together: {told}") from None

"""Who may change a program is judged from its rights alone; tests/windows reads them from a system."""

from __future__ import annotations

import pytest

from domonitor.backends.com.guarded import CHANGES, MOVES, TRUSTED_SIDS, Entry, Rights

SYSTEM, ADMINISTRATORS, TRUSTED_INSTALLER = sorted(TRUSTED_SIDS, key=len)
USERS, AUTHENTICATED, EVERYONE, CREATOR_OWNER = "S-1-5-32-545", "S-1-5-11", "S-1-1-0", "S-1-3-0"
ANNA = "S-1-5-21-1-2-3-1001"
READ, MODIFY, FULL = 0x1200A9, 0x1301BF, 0x1F01FF
ALLOW, DENY, ALLOW_IF, ALLOW_OBJECT = 0, 1, 9, 5
INHERITED_ONLY = 0x0B


def rights(*entries: tuple[str, int], owner: str = ADMINISTRATORS) -> Rights:
    return Rights(owner, tuple(Entry(ALLOW, 0, mask, sid) for sid, mask in entries))


PROGRAM_FILES = Rights(
    TRUSTED_INSTALLER,
    (
        Entry(ALLOW, 0, FULL, TRUSTED_INSTALLER),
        Entry(ALLOW, 0, FULL, SYSTEM),
        Entry(ALLOW, INHERITED_ONLY, 0x10000000, SYSTEM),
        Entry(ALLOW, 0, FULL, ADMINISTRATORS),
        Entry(ALLOW, INHERITED_ONLY, 0x10000000, CREATOR_OWNER),
        Entry(ALLOW, 0, READ, USERS),
        Entry(ALLOW, INHERITED_ONLY, 0xA0000000, USERS),
        Entry(ALLOW, 0, READ, "S-1-15-2-1"),
    ),
)
"""As Windows gives them to the folder of programs."""


def test_the_folder_of_programs_is_guarded() -> None:
    assert PROGRAM_FILES.are_guarded(CHANGES)
    assert PROGRAM_FILES.are_guarded(MOVES, for_children=False)


@pytest.mark.parametrize("who", [USERS, AUTHENTICATED, EVERYONE, ANNA, ""])
@pytest.mark.parametrize(
    "right",
    [0x2, 0x4, 0x40, 0x100, 0x10000, 0x40000, 0x80000, 0x02000000, 0x10000000, 0x40000000, MODIFY, FULL],
)
def test_a_single_right_to_change_it_in_other_hands_is_enough(who: str, right: int) -> None:
    assert not rights((ADMINISTRATORS, FULL), (who, right)).are_guarded(CHANGES)
    assert rights((ADMINISTRATORS, FULL), (who, READ)).are_guarded(CHANGES)


def test_who_owns_it_can_give_himself_every_right() -> None:
    for owner in (ANNA, USERS, EVERYONE, ""):
        assert not rights((ADMINISTRATORS, FULL), owner=owner).are_guarded(CHANGES)
    for owner in TRUSTED_SIDS:
        assert rights((ADMINISTRATORS, FULL), owner=owner).are_guarded(CHANGES)


def test_without_a_list_it_is_everybody_s_and_an_empty_one_is_nobody_s() -> None:
    assert not Rights(ADMINISTRATORS, None).are_guarded(CHANGES)
    assert Rights(ADMINISTRATORS, ()).are_guarded(CHANGES)


def test_what_is_denied_to_some_does_not_take_back_what_is_allowed_to_others() -> None:
    entries = (Entry(DENY, 0, FULL, ANNA), Entry(ALLOW, 0, MODIFY, USERS))
    assert not Rights(ADMINISTRATORS, entries).are_guarded(CHANGES)
    assert Rights(ADMINISTRATORS, entries[:1]).are_guarded(CHANGES)


def test_a_right_on_a_condition_counts_and_an_entry_that_nobody_knows_as_well() -> None:
    assert not Rights(ADMINISTRATORS, (Entry(ALLOW_IF, 0, MODIFY, USERS),)).are_guarded(CHANGES)
    assert Rights(ADMINISTRATORS, (Entry(ALLOW_IF, 0, READ, USERS),)).are_guarded(CHANGES)
    for kind in (ALLOW_OBJECT, 4, 11, -1, 77):
        assert not Rights(ADMINISTRATORS, (Entry(kind, 0, 0, ""),)).are_guarded(CHANGES)


def test_on_the_way_there_only_what_moves_or_takes_over_folders_counts() -> None:
    drive = Rights(
        TRUSTED_INSTALLER,
        (
            Entry(ALLOW, 0, FULL, ADMINISTRATORS),
            Entry(ALLOW, 0, 0x4, AUTHENTICATED),
            Entry(ALLOW, INHERITED_ONLY, MODIFY, AUTHENTICATED),
        ),
    )  # as Windows gives them to C:\
    assert drive.are_guarded(MOVES, for_children=False)
    assert not drive.are_guarded(CHANGES)
    for right in (0x40, 0x10000, 0x40000, 0x80000, 0x10000000):
        assert not rights((AUTHENTICATED, right)).are_guarded(MOVES, for_children=False)

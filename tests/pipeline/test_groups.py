from batchdigits.pipeline.groups import group_by_weight


def lists(items: list[int], max_weight: int, max_items: int = 100) -> list[list[int]]:
    """Groups of items that weigh what they are, copied, as each is emptied afterwards."""
    return [list(group) for group in group_by_weight(items, int, max_weight, max_items)]


def test_a_group_ends_with_the_item_that_is_enough() -> None:
    assert lists([1, 2, 3, 4, 9, 1], 5) == [[1, 2, 3], [4, 9], [1]]
    assert lists([5, 5], 5) == [[5], [5]]
    assert lists([0, 0, 0, 0, 0], 5, 2) == [[0, 0], [0, 0], [0]]
    assert lists([], 5) == []


def test_items_are_taken_late_and_groups_emptied() -> None:
    items = iter([3, 3, 3])
    groups = group_by_weight(items, int, 3)
    first = next(groups)
    assert first == [3] and next(groups) is first
    assert list(items) == [3]

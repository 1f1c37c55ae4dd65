from __future__ import annotations

from schemas.findings import Finding
from workers.policies.decontamination import findings_of_pages


def finding(start: int, end: int) -> Finding:
    return Finding(start, end, "decontaminate", "maths", 0.9, "7")


def test_a_finding_is_in_each_page_that_it_touches() -> None:
    pages = findings_of_pages([finding(5, 25), finding(12, 14)], [0, 10, 20, 20], 30)
    assert pages == [[finding(5, 10)], [finding(0, 10), finding(2, 4)], [], [finding(0, 5)]]


def test_a_document_without_pages_or_findings() -> None:
    assert findings_of_pages([], [0], 5) == [[]]
    assert findings_of_pages([], [], 0) == []

"""What is said about procedures, proposed, reviewed and signed."""

from review.models.duties import Acknowledgement, Confirmation, ReadingRule
from review.models.holds import Hold, SafetyClock
from review.models.marks import (
    LANDED,
    SUGGESTION_TRANSITIONS,
    Comment,
    Photo,
    SuggestedChange,
    SuggestedField,
    Suggestion,
    SuggestionStatus,
    Thread,
    ThreadKind,
    ThreadStatus,
)
from review.models.notices import Notice, NoticeKind
from review.models.plans import Delegation, Meaning, ReviewPlan, ReviewTask, StageKind
from review.models.releases import Release, ReleaseStatus, Remark, Signature, Stage

__all__ = [
    "LANDED",
    "SUGGESTION_TRANSITIONS",
    "Acknowledgement",
    "Comment",
    "Confirmation",
    "Delegation",
    "Hold",
    "Meaning",
    "Notice",
    "NoticeKind",
    "Photo",
    "ReadingRule",
    "Release",
    "ReleaseStatus",
    "Remark",
    "ReviewPlan",
    "ReviewTask",
    "SafetyClock",
    "Signature",
    "Stage",
    "StageKind",
    "SuggestedChange",
    "SuggestedField",
    "Suggestion",
    "SuggestionStatus",
    "Thread",
    "ThreadKind",
    "ThreadStatus",
]

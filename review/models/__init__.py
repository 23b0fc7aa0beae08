"""What is said about procedures, proposed, reviewed and signed."""

from review.models.duties import Acknowledgement, Confirmation, ReadingRule
from review.models.mails import STUCK, UNSENT, Mail, MailState
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
from review.models.watches import TARGETS, How, MailPreference, Watch

__all__ = [
    "LANDED",
    "STUCK",
    "SUGGESTION_TRANSITIONS",
    "TARGETS",
    "UNSENT",
    "Acknowledgement",
    "Comment",
    "Confirmation",
    "Delegation",
    "How",
    "Mail",
    "MailPreference",
    "MailState",
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
    "Watch",
]

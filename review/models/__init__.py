"""What is said about procedures, proposed, reviewed and signed."""

from review.models.answers import ApiAnswer
from review.models.duties import Acknowledgement, Confirmation, ReadingRule
from review.models.holds import Hold, SafetyClock
from review.models.levels import ServiceLevel
from review.models.mails import STUCK, UNSENT, Mail, MailState
from review.models.notices import CALLS_FOR_SAFETY, REMINDS_OF_A_MARK, Notice, NoticeKind
from review.models.plans import Delegation, Meaning, ReviewPlan, ReviewTask, StageKind
from review.models.releases import Release, ReleaseStatus, Remark, Signature, Stage
from review.models.suggestions import (
    LANDED,
    OPEN,
    SUGGESTION_TRANSITIONS,
    SuggestedAction,
    SuggestedChange,
    SuggestedField,
    SuggestedImage,
    Suggestion,
    SuggestionKind,
    SuggestionStatus,
    Vote,
)
from review.models.threads import Comment, Photo, Thread, ThreadKind, ThreadStatus
from review.models.watches import SAFETY_HOW, TARGETS, How, MailPreference, Watch

__all__ = [
    "CALLS_FOR_SAFETY",
    "LANDED",
    "OPEN",
    "REMINDS_OF_A_MARK",
    "SAFETY_HOW",
    "STUCK",
    "SUGGESTION_TRANSITIONS",
    "TARGETS",
    "UNSENT",
    "Acknowledgement",
    "ApiAnswer",
    "Comment",
    "Confirmation",
    "Delegation",
    "Hold",
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
    "SafetyClock",
    "ServiceLevel",
    "Signature",
    "Stage",
    "StageKind",
    "SuggestedAction",
    "SuggestedChange",
    "SuggestedField",
    "SuggestedImage",
    "Suggestion",
    "SuggestionKind",
    "SuggestionStatus",
    "Thread",
    "ThreadKind",
    "ThreadStatus",
    "Vote",
    "Watch",
]

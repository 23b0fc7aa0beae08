"""Equipment, error codes, procedures and their versions, what happened to them, the FAQ."""

from procedures.models.applicability import Applicability
from procedures.models.audit import AuditEvent, AuditHead, AuditKind
from procedures.models.catalogue import (
    ErrorCode,
    Machine,
    MachineModel,
    Module,
    ProductLine,
    Severity,
    SoftwareRelease,
)
from procedures.models.faq import FaqCategory, FaqIndexPage, FaqPage
from procedures.models.overlap import AcceptedOverlap
from procedures.models.page import (
    Audience,
    Importance,
    Kind,
    ProcedureIndexPage,
    ProcedurePage,
    Significance,
)
from procedures.models.version import (
    Origin,
    ProcedureVersion,
    VersionApplicability,
    VersionStatus,
)

__all__ = [
    "AcceptedOverlap",
    "Applicability",
    "Audience",
    "AuditEvent",
    "AuditHead",
    "AuditKind",
    "ErrorCode",
    "FaqCategory",
    "FaqIndexPage",
    "FaqPage",
    "Importance",
    "Kind",
    "Machine",
    "MachineModel",
    "Module",
    "Origin",
    "ProcedureIndexPage",
    "ProcedurePage",
    "ProcedureVersion",
    "ProductLine",
    "Severity",
    "Significance",
    "SoftwareRelease",
    "VersionApplicability",
    "VersionStatus",
]

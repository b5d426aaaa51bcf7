"""Read and write business data: `access` decides every call, `audit` records it."""

from ostiary.records._aggregate import aggregate_records
from ostiary.records._aggregate_query import (
    Aggregate,
    AggregateQuery,
    Cell,
    Function,
    Group,
    Key,
    Measure,
    Others,
    Period,
)
from ostiary.records._attachments import Attachment, attach, attachment_limit, open_attachment
from ostiary.records._bulk import BulkRefused, BulkResult, Outcome, RowResult
from ostiary.records._bulk_ask import bulk_once, cancel_bulk, ensure_bulk, get_bulk, refused_rows
from ostiary.records._bulk_chunk import Standing
from ostiary.records._bulk_create import create_records
from ostiary.records._bulk_delete import delete_records
from ostiary.records._bulk_job import request_bulk
from ostiary.records._bulk_kept import Bulk, BulkState
from ostiary.records._bulk_match import Matching, preview_matching
from ostiary.records._bulk_notes import RowNote, notes_of, refusal_detail
from ostiary.records._bulk_now import bulk_result, change_many, list_bulks
from ostiary.records._bulk_preview import Preview, permitted, preview_delete, preview_update
from ostiary.records._bulk_undo import bulk_standing, undo_bulk
from ostiary.records._bulk_update import RowUpdate, update_each, update_records
from ostiary.records._create import create_record
from ostiary.records._delete import delete_record
from ostiary.records._derivations import Given, Look, register_derivation
from ostiary.records._describe import (
    ObjectView,
    ObjectViews,
    describe,
    list_objects,
    object_views,
    people,
    workplaces,
)
from ostiary.records._duplicate_rules import (
    DuplicatePart,
    DuplicateRule,
    How,
    KeptRules,
    comparable,
    get_duplicate_rules,
    has_duplicate_rules,
    set_duplicate_rules,
    ship_duplicate_rules,
)
from ostiary.records._duplicate_search import (
    DuplicateGroup,
    DuplicateSearch,
    SearchState,
    ensure_seeks,
    find_search,
    list_groups,
    say_not_duplicates,
    search_duplicates,
)
from ostiary.records._duplicates import Candidate, duplicates_after, ensure_new, find_duplicates
from ostiary.records._errors import (
    AttachmentRefused,
    ColumnNotEditable,
    ColumnRestricted,
    InUse,
    KeyReused,
    LooksLike,
    NotRevealed,
    TooManyRows,
)
from ostiary.records._export import export_lines
from ostiary.records._export_ask import (
    CLOSED,
    ExportPreview,
    cancel_export,
    export_records,
    get_export,
    list_exports,
    open_export,
    preview_export,
)
from ostiary.records._export_kept import Export, ExportFormat, ExportState
from ostiary.records._export_rows import TYPES as EXPORT_TYPES
from ostiary.records._fill import empty_batch, fill_batch
from ostiary.records._filters import And, Compare, Filter, Not, Op, Or, parse_filter
from ostiary.records._hand_over import Step, hand_over, plan_hand_over
from ostiary.records._history import record_events
from ostiary.records._idempotency import Request, idempotent
from ostiary.records._import_ask import (
    cancel_import,
    discard_import,
    ensure_import,
    get_import,
    go_on,
    import_limit,
    import_noted,
    import_plan,
    import_result,
    import_sample,
    list_imports,
    read_again,
    start_import,
    take_file,
    undo_import,
    undoable,
)
from ostiary.records._import_choice import DATES, SPECIMENS, ImportChoice, can_be_key, offered, with_choice
from ostiary.records._import_errors import ImportRefused
from ostiary.records._import_kept import FilePlan, Import, ImportPhase, ImportState, Noted
from ostiary.records._import_mapping import Duplicates, ImportPlan, Missing, read_mapping
from ostiary.records._import_run import ImportOptions, ImportReport, Progress
from ostiary.records._import_service import import_rows
from ostiary.records._import_table import DELIMITERS, ENCODINGS, TableRow
from ostiary.records._lanes import list_lanes
from ostiary.records._merge import merge_records
from ostiary.records._options import Option, lookup_options
from ostiary.records._overdue import flag_overdue
from ostiary.records._package import export_package, import_package, install_package
from ostiary.records._print import PRINT_MOST, PrintPreview, preview_print, print_records
from ostiary.records._query import Count, CountMode, Page, PlanShape, Record, RecordQuery, Sort
from ostiary.records._reach import ObjectReach, reach_of
from ostiary.records._read import count_records, get_record, list_records
from ostiary.records._recent import name_records, recent_records
from ostiary.records._related import Related, related_counts
from ostiary.records._reveal import Revealed, may_reveal, reveal_column
from ostiary.records._scanners import Scan, register_scanner
from ostiary.records._search import Hit, Hits, search_records
from ostiary.records._share import deny_record, share_record, unshare_record
from ostiary.records._sharing import Sharing, list_sharing, units_to_share_with
from ostiary.records._stage_moves import StageMove, stage_moves
from ostiary.records._stream import StreamStopped, stream_records
from ostiary.records._update import update_record

__all__ = [
    "CLOSED",
    "DATES",
    "DELIMITERS",
    "ENCODINGS",
    "EXPORT_TYPES",
    "PRINT_MOST",
    "SPECIMENS",
    "Aggregate",
    "AggregateQuery",
    "And",
    "Attachment",
    "AttachmentRefused",
    "Bulk",
    "BulkRefused",
    "BulkResult",
    "BulkState",
    "Candidate",
    "Cell",
    "ColumnNotEditable",
    "ColumnRestricted",
    "Compare",
    "Count",
    "CountMode",
    "DuplicateGroup",
    "DuplicatePart",
    "DuplicateRule",
    "DuplicateSearch",
    "Duplicates",
    "Export",
    "ExportFormat",
    "ExportPreview",
    "ExportState",
    "FilePlan",
    "Filter",
    "Function",
    "Given",
    "Group",
    "Hit",
    "Hits",
    "How",
    "Import",
    "ImportChoice",
    "ImportOptions",
    "ImportPhase",
    "ImportPlan",
    "ImportRefused",
    "ImportReport",
    "ImportState",
    "InUse",
    "KeptRules",
    "Key",
    "KeyReused",
    "Look",
    "LooksLike",
    "Matching",
    "Measure",
    "Missing",
    "Not",
    "NotRevealed",
    "Noted",
    "ObjectReach",
    "ObjectView",
    "ObjectViews",
    "Op",
    "Option",
    "Or",
    "Others",
    "Outcome",
    "Page",
    "Period",
    "PlanShape",
    "Preview",
    "PrintPreview",
    "Progress",
    "Record",
    "RecordQuery",
    "Related",
    "Request",
    "Revealed",
    "RowNote",
    "RowResult",
    "RowUpdate",
    "Scan",
    "SearchState",
    "Sharing",
    "Sort",
    "StageMove",
    "Standing",
    "Step",
    "StreamStopped",
    "TableRow",
    "TooManyRows",
    "aggregate_records",
    "attach",
    "attachment_limit",
    "bulk_once",
    "bulk_result",
    "bulk_standing",
    "can_be_key",
    "cancel_bulk",
    "cancel_export",
    "cancel_import",
    "change_many",
    "comparable",
    "count_records",
    "create_record",
    "create_records",
    "delete_record",
    "delete_records",
    "deny_record",
    "describe",
    "discard_import",
    "duplicates_after",
    "empty_batch",
    "ensure_bulk",
    "ensure_import",
    "ensure_new",
    "ensure_seeks",
    "export_lines",
    "export_package",
    "export_records",
    "fill_batch",
    "find_duplicates",
    "find_search",
    "flag_overdue",
    "get_bulk",
    "get_duplicate_rules",
    "get_export",
    "get_import",
    "get_record",
    "go_on",
    "hand_over",
    "has_duplicate_rules",
    "idempotent",
    "import_limit",
    "import_noted",
    "import_package",
    "import_plan",
    "import_result",
    "import_rows",
    "import_sample",
    "install_package",
    "list_bulks",
    "list_exports",
    "list_groups",
    "list_imports",
    "list_lanes",
    "list_objects",
    "list_records",
    "list_sharing",
    "lookup_options",
    "may_reveal",
    "merge_records",
    "name_records",
    "notes_of",
    "object_views",
    "offered",
    "open_attachment",
    "open_export",
    "parse_filter",
    "people",
    "permitted",
    "plan_hand_over",
    "preview_delete",
    "preview_export",
    "preview_matching",
    "preview_print",
    "preview_update",
    "print_records",
    "reach_of",
    "read_again",
    "read_mapping",
    "recent_records",
    "record_events",
    "refusal_detail",
    "refused_rows",
    "register_derivation",
    "register_scanner",
    "related_counts",
    "request_bulk",
    "reveal_column",
    "say_not_duplicates",
    "search_duplicates",
    "search_records",
    "set_duplicate_rules",
    "share_record",
    "ship_duplicate_rules",
    "stage_moves",
    "start_import",
    "stream_records",
    "take_file",
    "undo_bulk",
    "undo_import",
    "undoable",
    "units_to_share_with",
    "unshare_record",
    "update_each",
    "update_record",
    "update_records",
    "with_choice",
    "workplaces",
]

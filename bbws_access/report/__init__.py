"""The audit report: what happened in an organisation, as one page that is read and printed."""

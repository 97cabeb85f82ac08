-- Finish a run of the checks, once the decisions are stored.
-- Params:  run_id bigint; published, withheld, warnings int; docs_page, workflow_run text
update quality_runs
set
    published = %(published)s,
    withheld = %(withheld)s,
    warnings = %(warnings)s,
    docs_page = %(docs_page)s,
    workflow_run = %(workflow_run)s,
    finished_at = timezone('utc', now())
where id = %(run_id)s;

"""A million jobs for `jobs.py`: what is in them, and how they get into Postgres within a minute or two.

Most have ended, some months ago; each made one call. Those of the first business have their pictures too.
"""

from bench.site import Site

FIRST = 920_000_000
"""The business with a fifth of all jobs; the others have a hundredth of the rest each."""
OTHERS = 100
RUNNING, WAITING = 500, 1000
"""The newest jobs: some run, some wait."""

_JOBS = """
    insert into jobs (id, business_id, status, stage, prompt, model, size, quality, request_id, body_hash,
                      estimated_micros, actual_micros, charged, error_code, error_detail, image_id, attempt,
                      lease_until, created_at, due_at, ring_at, started_at, finished_at)
    select md5('job' || n)::uuid, business, status,
           case when ended then 'done' when status = 'running' then 'generating' else 'waiting' end,
           'a red fox in fresh snow, number ' || n, (array['gpt-image-2.5-flare', 'gpt-image-2.5-sunburst'])[1 + n % 2],
           '1024x1024', (array['standard', 'hd'])[1 + n / 2 % 2], 'bench', 'hash', 52700,
           case when ended then 52735 end,
           case when ended then case when n % 200 = 3 then 'unknown' else 'true' end end,
           case when status = 'failed' then (array['content_policy', 'outcome_unknown'])[1 + n % 2] end,
           case when status = 'failed' then 'why' end, case when status = 'succeeded' then md5('image' || n)::uuid end,
           1, case when status = 'running' then now() + interval '1 hour' end, at, at, at,
           case when status <> 'queued' then at end, case when ended then at + interval '12 seconds' end
    from (
        select n, case when n % 5 = 0 then {first} else {first} + 1 + n % {others} end as business, status,
               status in ('succeeded', 'failed', 'canceled') as ended,
               now() - ({jobs} - n) * interval '20 seconds' as at
        from (
            select n, case when n > {jobs} - {waiting} then 'queued'
                           when n > {jobs} - {waiting} - {running} then 'running'
                           when n % 25 in (3, 10) then 'failed' when n % 50 = 5 then 'canceled' else 'succeeded' end
                       as status
            from generate_series($1::int, $2::int) n) numbered) placed"""
_CALLS = """
    insert into attempts (id, job_id, attempt, business_id, model, size, quality, outcome, charged, started_at,
                          ended_at, cost_micros)
    select md5('call' || id)::uuid, id, 1, business_id, model, size, quality,
           case when status = 'running' then 'in_flight' when charged = 'unknown' then 'unknown' else 'painted' end,
           charged, started_at, finished_at, case when charged = 'true' then 52735 else 0 end
    from jobs where status <> 'queued'"""
_IMAGES = """
    insert into images (id, business_id, source, filename, public_id, url, format, bytes, width, height, sha256, job_id,
                        searchable, created_at)
    select image_id, business_id, 'ai_generated', replace(prompt, ',', '') || '.jpg', 'bench/' || id,
           'http://127.0.0.1:1/sandbox/image/upload/v1/bench/' || id || '.jpg', 'jpeg', 1000000, 1024, 1024,
           md5(id::text), id, replace(prompt, ',', '') || E'.jpg\\n' || prompt, finished_at
    from jobs where status = 'succeeded' and business_id = {first}"""
_COUNTS = """
    insert into job_counts (business_id, status, delta)
    select business_id, status, count(*) from jobs where finished_at is not null group by 1, 2"""
_STEP = 100_000
_INDEXES = "select indexname, indexdef from pg_indexes where tablename = 'images' and indexdef like '%USING gin%'"


def build(site: Site, jobs: int = 1_000_000) -> None:
    """Fills `jobs`, `attempts` and `images`. Counts are made once and not for each row."""
    indexes = site.sql(_INDEXES)
    for index in indexes:
        site.sql(f"drop index {index['indexname']}")
    site.sql("alter table jobs disable trigger user")
    known = {"first": FIRST, "others": OTHERS, "running": RUNNING, "waiting": WAITING, "jobs": jobs}
    for begin in range(1, jobs + 1, _STEP):
        site.sql(_JOBS.format(**known), begin, min(jobs, begin + _STEP - 1))
    site.sql("alter table jobs enable trigger user")
    for statement in (_COUNTS, _CALLS, _IMAGES.format(**known)):
        site.sql(statement)
    for index in indexes:
        site.sql(index["indexdef"])
    for table in ("jobs", "attempts", "images"):
        site.sql(f"vacuum (analyze) {table}")


def forget(site: Site) -> None:
    """Takes them all away."""
    site.sql("truncate jobs, attempts, images, ledger_days cascade")
